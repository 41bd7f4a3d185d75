"""The HTTP library, imported late: it and its certificates take up to half a second."""

import importlib
import logging
from typing import Any


def load_httpx() -> Any:  # noqa: ANN401 - the module; its types are imported for checking only
    """Import httpx, and keep it from logging every request at INFO. For a thread, not the loop."""
    httpx = importlib.import_module("httpx")
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx
