"""Audio files: read as a microphone would hear them, written as a loudspeaker played them."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ
from streamtalk.proto.errors import InputError

MAX_FILE_S: Final = 4 * 3600


def read_microphone(path: Path, limit_s: float = MAX_FILE_S) -> NDArray[np.int16]:
    """Any file that libsndfile reads, as 16 kHz mono s16.

    Raises InputError in one line for a file that is missing, empty, truncated to nothing, no audio,
    or longer than `limit_s`.
    """
    samples, rate_hz = _read(path, limit_s)
    mono = samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
    if not np.all(np.isfinite(mono)):
        mono = np.nan_to_num(mono, nan=0.0, posinf=1.0, neginf=-1.0)
    if rate_hz != MIC_RATE_HZ:
        mono = soxr.resample(mono, rate_hz, MIC_RATE_HZ)
    pcm: NDArray[np.int16] = np.clip(np.rint(mono * 32768.0), -32768, 32767).astype(np.int16)
    return pcm


def _read(path: Path, limit_s: float) -> tuple[NDArray[np.float32], int]:
    if not path.is_file():
        message = f"no file {path}"
        raise InputError(message)
    try:
        with soundfile.SoundFile(path) as file:
            if file.frames > limit_s * file.samplerate:
                message = f"{path} is longer than {limit_s:.0f} s"
                raise InputError(message)
            samples: Any = file.read(dtype="float32", always_2d=True)
            rate_hz = int(file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(error).rstrip(".").split(": ")[-1]
        message = f"{path} is no audio file that can be read: {reason}"
        raise InputError(message) from error
    if not len(samples):
        message = f"{path} holds no audio"
        raise InputError(message)
    return samples, rate_hz


class SpeechWriter:
    """Writes 24 kHz mono s16 as it is played; raises InputError where it cannot."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = soundfile.SoundFile(
                path, "w", samplerate=SPEECH_RATE_HZ, channels=1, subtype="PCM_16"
            )
        except (soundfile.LibsndfileError, TypeError, OSError) as error:
            message = f"cannot write {path}: {error}"
            raise InputError(message) from error

    def write(self, pcm: bytes) -> None:
        """Append s16le samples."""
        self._file.buffer_write(pcm, dtype="int16")

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
