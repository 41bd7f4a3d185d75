"""PortAudio's blocking streams, polled, so that a device that stops never holds a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from streamtalk.audio_io.devices import Device, list_devices
from streamtalk.audio_io.faults import DeviceError, Direction, Fault, busy, unsuitable, vanished
from streamtalk.audio_io.library import exclusive, portaudio
from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ

_INVALID_CHANNELS: Final = -9998
_INVALID_RATE: Final = -9997
_INVALID_DEVICE: Final = -9996
_UNAVAILABLE: Final = -9985
_BUSY_ERRNO: Final = 16
_HOST_ERROR: Final = -9999
_GONE_ERRNOS: Final = frozenset({0, 2, 5, 6, 19, 111})
"""ENOENT, EIO, ENXIO, ENODEV, ECONNREFUSED: what ALSA says of hardware and sound servers that left.

PortAudio tells the number only to the thread that initialised it; others see 0.
"""

_COMMON_RATES_HZ: Final = (48_000, 44_100)


class PortAudioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[audio_io.engines.portaudio]`."""

    capture_latency_ms: int = 40
    """Buffer of the microphone; more survives a busier machine, less answers sooner."""

    playback_latency_ms: int = 60
    """Buffer of the loudspeaker; a barge-in is heard this much later."""

    capture_rate_hz: int = 0
    """Rate to open the microphone with; 0: 16 kHz where the device can, else its own."""

    playback_rate_hz: int = 0
    """Rate to open the loudspeaker with; 0: 24 kHz where the device can, else its own."""


class PortAudio:
    """Opens PortAudio streams; the one place that calls the library."""

    def __init__(self, settings: PortAudioSettings) -> None:
        self._settings = settings
        self._library = portaudio()
        self._devices = list_devices()

    def devices(self) -> list[Device]:
        """The devices as of the last `rescan`."""
        return self._devices

    def rescan(self) -> None:
        """Read the list of devices anew. No stream of this process may be open."""
        with exclusive():
            self._library._terminate()  # noqa: SLF001
            self._library._initialize()  # noqa: SLF001
            self._devices = list_devices()

    def open_capture(self, device: Device) -> "Capture":
        """Open a microphone; raises DeviceError."""
        settings = self._settings
        rates = _rates(settings.capture_rate_hz, MIC_RATE_HZ, device)
        stream = self._open("capture", device, rates, settings.capture_latency_ms)
        return Capture(stream, device)

    def open_playback(self, device: Device) -> "Playback":
        """Open a loudspeaker; raises DeviceError."""
        settings = self._settings
        rates = _rates(settings.playback_rate_hz, SPEECH_RATE_HZ, device)
        stream = self._open("playback", device, rates, settings.playback_latency_ms)
        return Playback(stream, device)

    def _open(self, direction: Direction, device: Device, rates: list[int], latency_ms: int) -> Any:  # noqa: ANN401
        library = self._library
        capture = direction == "capture"
        kind = library.RawInputStream if capture else library.RawOutputStream
        most = device.inputs if capture else device.outputs
        refused: Exception | None = None
        for rate_hz in rates:
            for channels in sorted({1, min(2, most)}):
                try:
                    with exclusive():
                        return _started(kind, device.index, rate_hz, channels, latency_ms)
                except library.PortAudioError as error:
                    refused = error
                    if _code(error) not in {_INVALID_RATE, _INVALID_CHANNELS}:
                        raise DeviceError(explain(error, direction, device.name)) from error
        fault = unsuitable(direction, device.name, f"none of {rates} Hz with 1 or 2 channels works")
        raise DeviceError(fault) from refused


class _Stream:
    """What both directions share: the library's errors become faults."""

    direction: Direction

    def __init__(self, stream: Any, device: Device) -> None:  # noqa: ANN401
        self._stream = stream
        self._device = device
        self._error = portaudio().PortAudioError
        self.rate_hz = int(stream.samplerate)
        self.channels = int(stream.channels)
        self.latency_s = float(stream.latency)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise DeviceError(explain(error, self.direction, self._device.name)) from error

    def close(self) -> None:
        """Give the device back, dropping what is queued."""
        with exclusive():
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)


class Capture(_Stream):
    """An open microphone."""

    direction = "capture"

    def available(self) -> int:
        """Frames that `read` gives without waiting."""
        with self._faults():
            return int(self._stream.read_available)

    def read(self, frames: int) -> tuple[bytes, bool]:
        """That many frames, and whether some were lost before them."""
        with self._faults():
            data, overflowed = self._stream.read(frames)
        return bytes(data), bool(overflowed)


class Playback(_Stream):
    """An open loudspeaker."""

    direction = "playback"

    def __init__(self, stream: Any, device: Device) -> None:  # noqa: ANN401
        super().__init__(stream, device)
        self._capacity = self.space()
        # ALSA's stream latency is the very buffer that `space` measures; elsewhere it comes on top.
        self._beyond_s = 0.0 if device.host == "ALSA" else self.latency_s

    def space(self) -> int:
        """Frames that `write` takes without waiting."""
        with self._faults():
            return int(self._stream.write_available)

    def write(self, pcm: bytes) -> bool:
        """Queue these frames; tells whether the loudspeaker ran dry before."""
        with self._faults():
            return bool(self._stream.write(pcm))

    def delay_s(self) -> float:
        """Seconds until a frame written now is heard: the queue, and the hardware's latency."""
        return max(0, self._capacity - self.space()) / self.rate_hz + self._beyond_s


def explain(error: Exception, direction: Direction, name: str) -> Fault:
    """PortAudio's error as a fault; `error.args` are text, code, and the host's own error."""
    code = _code(error)
    host = error.args[2] if len(error.args) > 2 else (0, 0, "")  # noqa: PLR2004
    number = abs(int(host[1]))
    if code == _UNAVAILABLE or number == _BUSY_ERRNO:
        return busy(direction, name)
    if code == _INVALID_DEVICE or (code == _HOST_ERROR and number in _GONE_ERRNOS):
        return vanished(direction, name)
    return unsuitable(direction, name, str(host[2] or error.args[0]))


def _code(error: Exception) -> int:
    return int(error.args[1]) if len(error.args) > 1 else 0


def _rates(forced_hz: int, wire_hz: int, device: Device) -> list[int]:
    if forced_hz:
        return [forced_hz]
    return list(dict.fromkeys((wire_hz, int(device.rate_hz), *_COMMON_RATES_HZ)))


def _started(kind: Any, index: int, rate_hz: int, channels: int, latency_ms: int) -> Any:  # noqa: ANN401
    stream = kind(
        device=index,
        samplerate=rate_hz,
        channels=channels,
        dtype="int16",
        latency=latency_ms / 1000,
    )
    try:
        stream.start()
    except portaudio().PortAudioError:
        stream.close(ignore_errors=True)
        raise
    return stream
