"""Which sound devices there are, and which of them a person means."""

import subprocess
import sys

import msgspec

from streamtalk.audio_io.faults import Direction, absent
from streamtalk.audio_io.library import portaudio
from streamtalk.proto.errors import InputError

_LIST_TIMEOUT_S = 20.0


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A sound device as PortAudio knows it now."""

    index: int
    """Valid until the list is read anew."""

    name: str
    host: str
    """The sound system that it belongs to, such as `ALSA` or `Core Audio`."""

    inputs: int
    """Most channels that can be recorded; 0: no microphone."""

    outputs: int
    """Most channels that can be played; 0: no loudspeaker."""

    rate_hz: float
    default_input: bool = False
    default_output: bool = False

    def serves(self, direction: Direction) -> bool:
        """Whether it can be used in this direction at all."""
        return (self.inputs if direction == "capture" else self.outputs) > 0


def list_devices() -> list[Device]:
    """The devices known to this process since PortAudio was loaded; no stream is opened."""
    library = portaudio()
    hosts = library.query_hostapis()
    default = hosts[0] if hosts else {}
    return [
        Device(
            index=int(row["index"]),
            name=str(row["name"]),
            host=str(hosts[row["hostapi"]]["name"]),
            inputs=int(row["max_input_channels"]),
            outputs=int(row["max_output_channels"]),
            rate_hz=float(row["default_samplerate"]),
            default_input=row["index"] == default.get("default_input_device"),
            default_output=row["index"] == default.get("default_output_device"),
        )
        for row in library.query_devices()
    ]


def pick(devices: list[Device], wish: str, direction: Direction) -> Device | None:
    """The device that `wish` means: empty the default, digits an index, else (part of) a name."""
    fitting = [device for device in devices if device.serves(direction)]
    if not wish:
        return next((device for device in fitting if _is_default(device, direction)), None)
    if wish.isdecimal():
        return next((device for device in fitting if device.index == int(wish)), None)
    words = wish.casefold()
    exact = [device for device in fitting if device.name.casefold() == words]
    partial = [device for device in fitting if words in f"{device.name}, {device.host}".casefold()]
    return next(iter(exact + partial), None)


def choose(name_or_index: str | int, kind: Direction) -> Device:
    """The device that a person names; raises InputError that names those that are there."""
    devices = list_devices()
    wish = str(name_or_index)
    found = pick(devices, wish, kind)
    if found is None:
        raise InputError(absent(kind, wish, names(devices, kind)).reason)
    return found


def names(devices: list[Device], direction: Direction) -> list[str]:
    """Names of the devices that serve a direction."""
    return [device.name for device in devices if device.serves(direction)]


def list_devices_elsewhere() -> list[Device]:
    """The devices as a fresh process sees them, without disturbing the streams of this one.

    PortAudio reads the list once, when it is initialised; costs about 0.3 s of CPU.
    """
    command = [sys.executable, "-m", "streamtalk.audio_io.devices"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LIST_TIMEOUT_S, check=True)
        return msgspec.json.decode(done.stdout, type=list[Device])
    except (subprocess.SubprocessError, OSError, msgspec.DecodeError):
        return []


def _is_default(device: Device, direction: Direction) -> bool:
    return device.default_input if direction == "capture" else device.default_output


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(list_devices()))
