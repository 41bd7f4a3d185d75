"""The loudspeaker of this terminal's machine, for one command."""

from typing import Final

from streamtalk.audio_io.converter import PlaybackConverter
from streamtalk.audio_io.devices import pick
from streamtalk.audio_io.engines.portaudio import PortAudio, PortAudioSettings
from streamtalk.audio_io.faults import DeviceError
from streamtalk.client.closing import Closing
from streamtalk.proto.audio import FRAME_MS
from streamtalk.proto.errors import EngineMissingError, InputError

_ADVICE: Final = "write a file with --out X.wav, or see `streamtalk devices`"


class Loudspeaker(Closing):
    """Open while the block lasts. Raises InputError, with what to do, where there is none."""

    def __init__(self, device: str) -> None:
        try:
            system = PortAudio(PortAudioSettings(playback_latency_ms=120))
            found = pick(system.devices(), device, "playback")
            if found is None:
                named = f" called {device!r}" if device else ""
                message = f"there is no loudspeaker{named}: {_ADVICE}"
                raise InputError(message)
            self._stream = system.open_playback(found)
        except (DeviceError, EngineMissingError) as error:
            message = f"{error}; {_ADVICE}"
            raise InputError(message) from error
        self._converter = PlaybackConverter(self._stream.rate_hz, self._stream.channels)
        self._capacity = self._stream.space()

    def close(self) -> None:
        """Give everything back."""
        self._stream.close()

    @property
    def wants(self) -> bool:
        """Whether another 20 ms would be taken without waiting."""
        return self._stream.space() >= self._stream.rate_hz * FRAME_MS // 1000

    @property
    def queued_ms(self) -> float:
        """What has been written and not been heard yet."""
        return (self._capacity - self._stream.space()) * 1000 / self._stream.rate_hz

    def write(self, frame: bytes) -> None:
        """Play 20 ms, 24 kHz s16le; waits where the queue is full."""
        pcm = self._converter.convert(frame)
        if pcm:
            self._stream.write(pcm)
