"""What can be wrong with a sound device, in words for a person."""

import sys
from dataclasses import dataclass
from typing import Literal

from streamtalk.proto.errors import StreamTalkError

Direction = Literal["capture", "playback"]
DeviceState = Literal["closed", "open", "absent", "silent", "failed"]

_NOUNS: dict[Direction, str] = {"capture": "microphone", "playback": "loudspeaker"}


@dataclass(frozen=True)
class Fault:
    """Why a direction does not work."""

    state: Literal["absent", "failed"]
    reason: str


class DeviceError(StreamTalkError):
    """A device could not be opened, or stopped working; `fault` says how."""

    code = "device"
    retryable = True

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def noun(direction: Direction) -> str:
    """The word that a person uses for this direction."""
    return _NOUNS[direction]


def absent(direction: Direction, wish: str, names: list[str]) -> Fault:
    """No device fits the wish; the reason names those that are there."""
    word = noun(direction)
    if not names:
        return Fault("absent", f"no {word} is connected; plug one in, it is used at once")
    if not wish:
        return Fault("absent", f"no default {word}; name one of: {', '.join(names)}")
    return Fault("absent", f"no {word} called {wish!r}; there are: {', '.join(names)}")


def vanished(direction: Direction, name: str) -> Fault:
    """The device was unplugged, or the sound server behind it left."""
    word = noun(direction)
    return Fault("absent", f"the {word} {name!r} is gone; plug it in again, or choose another")


def busy(direction: Direction, name: str) -> Fault:
    """Another program holds the device for itself alone."""
    word = noun(direction)
    return Fault("failed", f"the {word} {name!r} is used by another program; close that one")


def unsuitable(direction: Direction, name: str, detail: str) -> Fault:
    """The device takes none of the formats that can be converted."""
    return Fault("failed", f"the {noun(direction)} {name!r} cannot be opened: {detail}")


def stalled(direction: Direction, name: str, still_s: float) -> Fault:
    """The device is open but no sample moves."""
    word = noun(direction)
    return Fault("failed", f"the {word} {name!r} stopped for {still_s:.0f} s; it is opened again")


def rate_changed(direction: Direction, name: str, rate_hz: float) -> Fault:
    """The device runs at another rate than it was opened with."""
    word = noun(direction)
    return Fault(
        "failed", f"the {word} {name!r} changed its rate to {rate_hz:.0f} Hz; opened again"
    )


def silence_reason(name: str, platform: str = sys.platform) -> str:
    """What to do about a microphone that delivers digital zero."""
    if platform == "darwin":
        return (
            f"the microphone {name!r} delivers only digital silence: allow your terminal to use "
            "the microphone in System Settings, Privacy & Security, Microphone, then start it anew"
        )
    return (
        f"the microphone {name!r} delivers only digital silence: it is switched off, muted in the "
        "system's sound settings, or nothing is connected to it"
    )
