"""What a way to reach sound devices has to be able to do."""

from typing import Protocol

from streamtalk.audio_io.devices import Device
from streamtalk.runtime.engine_table import EngineSpec


class CaptureStream(Protocol):
    """An open microphone. s16 interleaved; every method may raise DeviceError."""

    rate_hz: int
    channels: int
    latency_s: float

    def available(self) -> int:
        """Frames that `read` gives without waiting."""

    def read(self, frames: int) -> tuple[bytes, bool]:
        """That many frames, and whether some were lost before them."""

    def close(self) -> None:
        """Give the device back; never raises."""


class PlaybackStream(Protocol):
    """An open loudspeaker. s16 interleaved; every method may raise DeviceError."""

    rate_hz: int
    channels: int

    def space(self) -> int:
        """Frames that `write` takes without waiting."""

    def write(self, pcm: bytes) -> bool:
        """Queue these frames; tells whether the loudspeaker ran dry before."""

    def delay_s(self) -> float:
        """Seconds until a frame written now is heard."""

    def close(self) -> None:
        """Give the device back, dropping what is queued; never raises."""


class SoundSystem(Protocol):
    """A way to reach sound devices. Each method is safe from any thread."""

    def devices(self) -> list[Device]:
        """The devices as of the last `rescan`."""

    def open_capture(self, device: Device) -> CaptureStream:
        """Open a microphone; raises DeviceError."""

    def open_playback(self, device: Device) -> PlaybackStream:
        """Open a loudspeaker; raises DeviceError."""

    def rescan(self) -> None:
        """Read the list of devices anew. No stream of this process may be open."""


ENGINES: dict[str, EngineSpec] = {
    "portaudio": EngineSpec(
        target="streamtalk.audio_io.engines.portaudio:PortAudio", requires=("sounddevice",)
    ),
}
"""The one engine, in the shape that every service has."""
