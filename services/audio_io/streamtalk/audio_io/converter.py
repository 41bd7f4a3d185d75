"""From a device's rate and channels to the wire's, and back, as a stream."""

import numpy as np
import soxr

from streamtalk.proto.audio import (
    BYTES_PER_SAMPLE,
    MIC_FRAME_BYTES,
    MIC_RATE_HZ,
    SPEECH_RATE_HZ,
)


class CaptureConverter:
    """Interleaved s16 of a device to whole 20 ms frames, 16 kHz mono; channels are averaged."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._resampler = (
            soxr.ResampleStream(rate_hz, MIC_RATE_HZ, 1, dtype="int16")
            if rate_hz != MIC_RATE_HZ
            else None
        )
        self._rest = b""

    def convert(self, pcm: bytes) -> bytes:
        """The frames that are complete now; the rest waits for more."""
        if self._channels > 1:
            samples = np.frombuffer(pcm, np.int16).reshape(-1, self._channels)
            pcm = samples.mean(axis=1).astype(np.int16).tobytes()
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes()
        pcm = self._rest + pcm
        whole = len(pcm) - len(pcm) % MIC_FRAME_BYTES
        self._rest = pcm[whole:]
        return pcm[:whole]


class PlaybackConverter:
    """24 kHz mono to interleaved s16 at the device's rate; the same in every channel."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._channels = channels
        self._rate_hz = rate_hz
        self._resampler = (
            soxr.ResampleStream(SPEECH_RATE_HZ, rate_hz, 1, dtype="int16")
            if rate_hz != SPEECH_RATE_HZ
            else None
        )

    @property
    def delay_s(self) -> float:
        """Seconds of audio inside the resampler."""
        return 0.0 if self._resampler is None else self._resampler.delay() / self._rate_hz

    def convert(self, pcm: bytes) -> bytes:
        """The device's samples that are ready now; resampling holds some back."""
        if self._resampler is not None:
            pcm = self._resampler.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes()
        if self._channels > 1:
            pcm = np.repeat(np.frombuffer(pcm, np.int16), self._channels).tobytes()
        return pcm

    def frames_in(self, pcm: bytes) -> int:
        """Device frames in converted audio."""
        return len(pcm) // (BYTES_PER_SAMPLE * self._channels)
