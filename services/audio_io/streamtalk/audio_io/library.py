"""The PortAudio library: loaded late, kept quiet, and by one thread at a time where it must."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamtalk.proto.errors import EngineMissingError

_LOCK = threading.RLock()


def portaudio() -> Any:  # noqa: ANN401 — the module ships no types
    """The `sounddevice` module; the first call loads and initialises PortAudio.

    Raises EngineMissingError where the library is not installed.
    """
    try:
        with exclusive():
            import sounddevice  # noqa: PLC0415
    except (ImportError, OSError) as error:
        message = f"PortAudio cannot be loaded ({error}); on Debian: apt-get install libportaudio2"
        raise EngineMissingError(message) from error
    return sounddevice


@contextmanager
def exclusive() -> Iterator[None]:
    """No other thread opens, closes or initialises meanwhile, and nothing reaches stderr.

    PortAudio is not thread-safe there. It and ALSA print a dozen lines for every device that is
    not there; retries would fill the logs with them.
    """
    with _LOCK:
        kept = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(nowhere)
            os.close(kept)
