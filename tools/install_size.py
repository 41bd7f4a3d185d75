"""Install the project without its development tools into a fresh environment and weigh it.

Prints the size of site-packages and its largest parts; exit 1 above the limit or with torch inside.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = ROOT / ".venv" / "bin" / "uv"
LIMIT_MB = 340
FORBIDDEN = ("torch", "torchaudio", "nvidia")


def size_mb(path: Path) -> float:
    """Disk space of all files below `path`, in units of 10^6 bytes."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(f.stat().st_size for f in files if f.is_file() and not f.is_symlink()) / 1e6


def install(folder: Path) -> Path:
    """Sync the locked packages into a new environment and return its site-packages."""
    project = folder / "project"
    project.mkdir()
    for name in ("pyproject.toml", "uv.lock", "README.md"):
        shutil.copy(ROOT / name, project)
    command = [str(UV), "sync", "--frozen", "--no-dev", "--no-install-project"]
    options = ["--no-python-downloads", "--python", sys.executable, "--link-mode", "copy"]
    subprocess.run([*command, *options, "--quiet"], cwd=project, check=True)
    return next((project / ".venv" / "lib").glob("python*/site-packages"))


def main() -> int:
    """Weigh a fresh install."""
    with tempfile.TemporaryDirectory() as folder:
        site = install(Path(folder))
        parts = sorted(((size_mb(path), path.name) for path in site.iterdir()), reverse=True)
    total_mb = sum(mb for mb, _ in parts)
    heavy = [name for _, name in parts if name.startswith(FORBIDDEN)]
    for mb, name in parts[:8]:
        print(f"{mb:8.1f} MB  {name}")
    print(f"{total_mb:8.1f} MB  in all (limit {LIMIT_MB} MB); torch: {heavy or 'absent'}")
    return int(total_mb > LIMIT_MB or bool(heavy))


if __name__ == "__main__":
    sys.exit(main())
