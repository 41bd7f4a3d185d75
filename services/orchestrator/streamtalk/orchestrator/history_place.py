"""Where the history of conversations lies."""

import os
import sys
from pathlib import Path

from streamtalk.client.rundir import RunDir, default_run_dir
from streamtalk.orchestrator.config import OrchestratorConfig


def history_path(config: OrchestratorConfig, run_dir: RunDir) -> Path:
    """Where the history lies: as configured, else beside a named run directory, else user data."""
    if config.history.path:
        return Path(config.history.path).expanduser()
    if run_dir.path != default_run_dir().absolute():
        return run_dir.path / "history.db"
    return user_data_dir() / "history.db"


def user_data_dir() -> Path:
    """The user's folder for data that outlives a reboot."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "streamtalk"
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "streamtalk"
