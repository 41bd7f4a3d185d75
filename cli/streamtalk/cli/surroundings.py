"""The environment that supervisord, and so every service, is started with."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import zmq

from streamtalk.client.rundir import RunDir
from streamtalk.runtime.config import (
    CONFIG_VARIABLE,
    PROFILE_VARIABLE,
    RUN_DIR_VARIABLE,
    THREAD_VARIABLES,
)

PYTHON_VARIABLE: Final = "STREAMTALK_PYTHON"


def surroundings(
    run_dir: RunDir, config: Path | None, profile: str | None, given: Mapping[str, str]
) -> dict[str, str]:
    """`given` with what a stack needs: where it lives, its settings, a lean interpreter."""
    return {
        **_lean(),
        **dict.fromkeys(THREAD_VARIABLES, "1"),
        **given,
        RUN_DIR_VARIABLE: str(run_dir.path),
        CONFIG_VARIABLE: str(config.absolute()) if config else "",
        PROFILE_VARIABLE: profile or "",
        PYTHON_VARIABLE: sys.executable,
    }


def _lean() -> dict[str, str]:
    """Without docstrings: 9 MB less for a stack (docs/adr/0007).

    Only where Python can keep what it compiles for that; else every start would compile again.
    """
    return {"PYTHONOPTIMIZE": "2"} if os.access(Path(zmq.__file__).parent, os.W_OK) else {}
