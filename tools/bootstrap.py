"""Make the checkout ready to run: environment, packages, system libraries. Stdlib only.

Usage: bootstrap.py [--dev] [EXTRA ...]    done already: returns at once. Safe to run twice at the
same time. Extras stay: a later call without them brings them up to date too.
"""

# The first Python on a machine may be older than ours: it still has to read this file.
from __future__ import annotations

import contextlib
import ctypes.util
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
UV_REQUIREMENT = "uv>=0.9"
VERSIONS = ("3.13", "3.12", "3.11")
RUN_PACKAGES = ("libportaudio2",)
DEV_EXTRAS = ("spark", "whisper", "zh")
DEV_PACKAGES = ("libportaudio2", "pulseaudio", "libasound2-plugins")


class BootstrapError(Exception):
    """Cannot go on; the message says what to do."""


def main(arguments: list[str]) -> int:
    """Bring everything up to date, then name what is missing and can be done without."""
    dev = "--dev" in arguments
    asked = {word for word in arguments if not word.startswith("-")}
    try:
        with _lock():
            _environment()
            _packages(asked, dev=dev)
        _system_packages(DEV_PACKAGES if dev else RUN_PACKAGES)
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    with (folder / "bootstrap.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _environment() -> None:
    if _version_of(str(PYTHON)) not in VERSIONS or _moved():
        _make_venv()
    if not UV.exists():
        _install_uv()


def _install_uv() -> None:
    """From the wheel that an earlier checkout fetched, else from the index: works offline."""
    print("bootstrap: installing uv into .venv", file=sys.stderr)
    cache = (
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "streamtalk" / "wheels"
    )
    pip = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    install = [*pip, "install", "--no-index", "--find-links", str(cache), UV_REQUIREMENT]
    if not (cache.is_dir() and _quiet(install)):
        fetch = [*pip, "download", "--no-deps", "--dest", str(cache), UV_REQUIREMENT]
        _run(fetch, "uv could not be fetched")
        _run(install, "uv could not be installed")


def _moved() -> bool:
    """Whether the environment was made elsewhere: its scripts then call a Python that is gone."""
    with (VENV / "bin" / "pip").open("rb") as file:
        return os.fsencode(VENV) not in file.read(512)


def _make_venv() -> None:
    interpreter = _interpreter()
    print(f"bootstrap: making .venv with {interpreter}", file=sys.stderr)
    command = [interpreter, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, check=False, capture_output=True).returncode == 0:
        return
    package = f"python{_version_of(interpreter)}-venv"
    if not _install_debian((package,)):
        raise BootstrapError(f"{interpreter} cannot make environments. Run: {_advice((package,))}")
    _run(command, "the environment could not be made")


def _interpreter() -> str:
    names = [sys.executable, "python3", *(f"python{version}" for version in VERSIONS)]
    for name in names:
        if _version_of(name) in VERSIONS:
            return name
    raise BootstrapError(
        f"needs Python {VERSIONS[-1]} to {VERSIONS[0]}; install one or name it: make PYTHON=..."
    )


def _version_of(interpreter: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        result = subprocess.run([interpreter, "-c", code], check=False, capture_output=True)
    except OSError:
        return ""
    return result.stdout.decode().strip()


def _packages(asked: set[str], *, dev: bool) -> None:
    extras = sorted({*asked, *_read(VENV / ".extras").split(), *(DEV_EXTRAS if dev else ())})
    wanted = _fingerprint(extras)
    stamps = [VENV / ".stamp-dev", VENV / ".stamp-run"]
    if any(_read(stamp) == wanted for stamp in (stamps[:1] if dev else stamps)):
        return
    command = [str(UV), "sync", "--frozen", "--inexact", "--no-python-downloads"]
    command += ["--python", str(PYTHON), *([] if dev else ["--no-dev"])]
    for extra in extras:
        command += ["--extra", extra]
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(VENV)}
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        print("bootstrap: trying again with what is cached", file=sys.stderr)
        _run([*command, "--offline"], "the packages could not be installed", environment)
    (VENV / ".extras").write_text(" ".join(extras))
    (stamps[0] if dev else stamps[1]).write_text(wanted)


def _fingerprint(extras: list[str]) -> str:
    digest = hashlib.sha256(f"{ROOT} {extras}".encode())
    for name in ("uv.lock", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _system_packages(packages: tuple[str, ...]) -> None:
    if sys.platform == "darwin":
        return  # the wheel of sounddevice brings PortAudio along
    missing = tuple(package for package in packages if not _present(package))
    if not missing:
        return
    marker = VENV / ".stamp-apt"
    if _read(marker) != " ".join(missing) and _install_debian(missing):
        return
    marker.write_text(" ".join(missing))
    print(f"bootstrap: going on without {' '.join(missing)}.", file=sys.stderr)
    print(f"bootstrap: for sound devices run: {_advice(missing)}", file=sys.stderr)


def _present(package: str) -> bool:
    if package == "libportaudio2":
        return ctypes.util.find_library("portaudio") is not None
    if package == "pulseaudio":
        return shutil.which("pulseaudio") is not None
    folders = [Path("/usr/lib"), Path("/usr/lib64"), *Path("/usr/lib").glob("*-linux-gnu*")]
    return any((f / "alsa-lib" / "libasound_module_pcm_pulse.so").exists() for f in folders)


def _install_debian(packages: tuple[str, ...]) -> bool:
    """Install without asking, where that is allowed; otherwise False."""
    if not shutil.which("apt-get"):
        return False
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not (shutil.which("sudo") and _quiet(["sudo", "-n", "true"])):
        return False
    print(f"bootstrap: installing {' '.join(packages)}", file=sys.stderr)
    install = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if _quiet(install, environment):
        return True
    return _quiet([*prefix, "apt-get", "update", "-q"]) and _quiet(install, environment)


def _quiet(command: list[str], environment: dict[str, str] | None = None) -> bool:
    result = subprocess.run(
        command, check=False, env=environment, capture_output=True, stdin=subprocess.DEVNULL
    )
    return result.returncode == 0


def _advice(packages: tuple[str, ...]) -> str:
    if shutil.which("apt-get"):
        return f"sudo apt-get install {' '.join(packages)}"
    return "your package manager for PortAudio (Fedora: dnf install portaudio)"


def _run(command: list[str], problem: str, environment: dict[str, str] | None = None) -> None:
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise BootstrapError(f"{problem}; the lines above say why")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
