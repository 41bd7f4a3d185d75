"""The checkout as a test sees it: files under version control, roots, services."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("proto", "services", "cli")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Files that a clone would have, or soon will: tracked or neither tracked nor ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        result = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return tuple(path for path in sorted(ROOT.rglob("*")) if _belongs(path))
    names = result.stdout.decode().split("\0")
    return tuple(path for path in (ROOT / name for name in names if name) if path.is_file())


def _belongs(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return path.is_file() and not any(part.startswith((".", "__")) for part in parts)


def python_files(*folders: str) -> list[Path]:
    """Our Python files below these folders of the checkout."""
    roots = [ROOT / folder for folder in folders]
    files = [path for path in tracked_files() if path.suffix == ".py"]
    return [path for path in files if any(path.is_relative_to(root) for root in roots)]


def roots_on_disk() -> set[str]:
    """Every folder that holds a `streamtalk` namespace folder with code in it."""
    files = python_files(*CODE_FOLDERS)
    parts = [path.relative_to(ROOT).parts for path in files]
    return {"/".join(p[: p.index("streamtalk")]) for p in parts if "streamtalk" in p}


def services_on_disk() -> set[str]:
    """Names of the services: folders of `services/` that can be run."""
    return {path.parent.name for path in python_files("services") if path.name == "__main__.py"}
