"""A cheap sign that sound devices came or went: file names, or Core Audio's list."""

import ctypes
import os
import sys
from collections.abc import Callable, Hashable
from pathlib import Path

_CORE_AUDIO = "/System/Library/Frameworks/CoreAudio.framework/CoreAudio"
_SYSTEM_OBJECT = 1


def fingerprint() -> Hashable:
    """Changes when a device comes or goes; takes well under a millisecond."""
    return _SOURCE()


def _linux() -> Hashable:
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}"))
    servers = (runtime / "pulse" / "native", runtime / "pipewire-0")
    return (
        _text("/proc/asound/cards"),
        _names("/dev/snd"),
        tuple(_identity(path) for path in servers),
    )


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _names(folder: str) -> tuple[str, ...]:
    try:
        return tuple(sorted(os.listdir(folder)))  # noqa: PTH208
    except OSError:
        return ()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


class _Address(ctypes.Structure):
    """AudioObjectPropertyAddress of Core Audio: selector, scope, element."""

    _fields_ = (
        ("selector", ctypes.c_uint32),
        ("scope", ctypes.c_uint32),
        ("element", ctypes.c_uint32),
    )


def _four(code: bytes) -> int:
    return int.from_bytes(code, "big")


def _mac() -> Hashable:
    library = ctypes.CDLL(_CORE_AUDIO)
    address = _Address(_four(b"dev#"), _four(b"glob"), 0)
    size = ctypes.c_uint32(0)
    ask = (ctypes.c_uint32(_SYSTEM_OBJECT), ctypes.byref(address), 0, None, ctypes.byref(size))
    if library.AudioObjectGetPropertyDataSize(*ask):
        return ()
    numbers = (ctypes.c_uint32 * (size.value // 4))()
    if library.AudioObjectGetPropertyData(*ask, numbers):
        return ()
    return tuple(numbers)


def _unknown() -> Hashable:
    return ()


_SOURCES: dict[str, Callable[[], Hashable]] = {"linux": _linux, "darwin": _mac}
_SOURCE = _SOURCES.get(sys.platform, _unknown)
