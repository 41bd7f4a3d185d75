"""Options that every command has, and what they name."""

from pathlib import Path
from typing import Annotated, Final, Optional

import typer

from streamtalk.client.rundir import RunDir, default_run_dir
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import launch_environment

RunDirOption = Annotated[
    Optional[Path],  # noqa: UP045 — typer reads this form
    typer.Option(
        "--run-dir", help="Where the stack's sockets and logs lie.", envvar="STREAMTALK_RUN_DIR"
    ),
]
ConfigOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--config", help="Configuration file (default: ./streamtalk.toml, if any)."),
]
ProfileOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--profile", help="Profile of the configuration file."),
]

USER_CONFIG: Final = Path("~/.config/streamtalk/streamtalk.toml")


def find_run_dir(option: Path | None) -> RunDir:
    """The named run directory, else the user's default."""
    return RunDir((option or default_run_dir()).expanduser().absolute())


def find_config(option: Path | None) -> Path | None:
    """The named file, else the one of the environment, the working directory, or the user's."""
    if option is not None:
        if not option.exists():
            message = f"no configuration file {option}"
            raise ConfigError(message)
        return option.absolute()
    named, _ = launch_environment()
    candidates = [named, Path("streamtalk.toml"), USER_CONFIG.expanduser()]
    existing = (path.absolute() for path in candidates if path is not None and path.exists())
    return next(existing, None)
