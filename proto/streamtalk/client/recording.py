"""A recording of any length, read block by block as a microphone would hear it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from streamtalk.client.closing import Closing
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import InputError

_UNKNOWN_FRAMES: Final = 1 << 48
"""What libsndfile says of a length that nobody knows is beyond this."""


class Recording(Closing):
    """An open audio file; a context manager. Memory is that of a second of audio.

    Any file that libsndfile reads. Half a file is what is there of it; channels are averaged;
    samples that are no numbers are silence.

    Raises InputError in one line for a file that is missing, unreadable, or no audio.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise InputError(f"no file {path}")
        if not path.stat().st_size:
            raise InputError(f"{path} is empty")
        try:
            self._file = soundfile.SoundFile(path)
        except (soundfile.LibsndfileError, RuntimeError, OSError) as error:
            raise InputError(
                f"{path} is no audio file that can be read: {_reason(error)}"
            ) from error
        self._rate_hz = int(self._file.samplerate)
        self.bad_samples = 0
        """Samples read so far that are no numbers, or infinite."""

    @property
    def seconds(self) -> float | None:
        """Its length, where the file tells."""
        frames = int(self._file.frames)
        return frames / self._rate_hz if 0 <= frames < _UNKNOWN_FRAMES else None

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """All of it as 16 kHz mono s16, about a second at a time.

        Raises InputError where it holds no audio, or is damaged further on.
        """
        resampler = None
        if self._rate_hz != MIC_RATE_HZ:
            resampler = soxr.ResampleStream(self._rate_hz, MIC_RATE_HZ, 1, dtype="float32")
        read = 0
        while len(mono := self._read_second(read)):
            read += len(mono)
            block = mono if resampler is None else resampler.resample_chunk(mono)
            yield _to_pcm(block)
        if not read:
            raise InputError(f"{self.path} holds no audio")
        if resampler is not None:
            yield _to_pcm(resampler.resample_chunk(np.zeros(0, np.float32), last=True))

    def _read_second(self, read: int) -> NDArray[np.float32]:
        try:
            samples: Any = self._file.read(self._rate_hz, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            at_s = read / self._rate_hz
            text = f"{self.path} is damaged after {at_s:.1f} s: {_reason(error)}"
            raise InputError(text) from error
        mono: NDArray[np.float32] = (
            samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
        )
        bad = int(np.count_nonzero(~np.isfinite(mono)))
        if bad:
            self.bad_samples += bad
            mono = np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)
        return mono


def _to_pcm(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    pcm: NDArray[np.int16] = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
    return pcm


def _reason(error: Exception) -> str:
    return str(error).rstrip(".").split(": ")[-1]
