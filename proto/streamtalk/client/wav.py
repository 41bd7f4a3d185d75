"""Audio files: read as a microphone would hear them, written as a loudspeaker played them."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamtalk.client.recording import Recording
from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.errors import InputError

MAX_FILE_S: Final = 4 * 3600


def read_microphone(path: Path, limit_s: float = MAX_FILE_S) -> NDArray[np.int16]:
    """Any file that libsndfile reads, as 16 kHz mono s16.

    Raises InputError in one line for a file that is missing, empty, damaged, no audio, or longer
    than `limit_s`.
    """
    with Recording(path) as recording:
        if (recording.seconds or 0.0) > limit_s:
            message = f"{path} is longer than {limit_s:.0f} s"
            raise InputError(message)
        return np.concatenate(list(recording.blocks()))


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
