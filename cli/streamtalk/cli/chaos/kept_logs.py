"""The logs of a stack under which something was lost, kept when its folder goes."""

import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_PREFIX: Final = "streamtalk-chaos-"


def keep_logs(logs: Path, case: str) -> Path:
    """Copy a log folder as it is now; returns the copy, which only its owner can read.

    It lies in the folder for temporary files and is named after the case.
    """
    name = re.sub(r"[^a-z0-9]+", "-", case.lower()).strip("-")
    kept = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{name}-"))
    with suppress(OSError):
        # A log may be rotated while it is copied: what has gone meanwhile is in its successor. And
        # a folder that somebody removed under the stack must not cost the hours before it.
        shutil.copytree(logs, kept, dirs_exist_ok=True)
    # The copy takes over the mode of the source.
    kept.chmod(0o700)
    return kept
