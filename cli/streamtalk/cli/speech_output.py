"""Where speech goes that is not played: a file, which appears when it is whole, or a pipe."""

import errno
import io
import os
import secrets
import select
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, Self

import soundfile

from streamtalk.proto.audio import BYTES_PER_SAMPLE, SPEECH_RATE_HZ
from streamtalk.proto.errors import ConfigError, InputError

PIPE: Final = "-"
_FORMATS: Final = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "raw": ("RAW", "PCM_16"),
}
_STREAMED: Final = ("wav", "raw")
"""Formats that go into a pipe as they are made; the others, once they are whole."""

_UNKNOWN_LENGTH: Final = 0xFFFFFFFF
_EXCLUSIVE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class SpeechOutput(Protocol):
    """Takes speech within a `with` block: what is left behind when that ends well is whole."""

    @property
    def ready(self) -> bool:
        """Whether 20 ms would be taken without waiting."""
        ...

    def write(self, pcm: bytes) -> None:
        """Take s16le mono, 24 kHz; raises InputError where it cannot be kept."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...


def chosen_format(out: str, named: str | None) -> str:
    """What to write: what was named, else what the file's name ends with; a pipe takes WAV.

    Raises ConfigError for a format that is unknown, and InputError for one that this installation
    cannot write.
    """
    suffix = "wav" if out == PIPE else Path(out).suffix.removeprefix(".").lower()
    chosen = named.lower() if named is not None else suffix
    if chosen not in _FORMATS:
        wrong = f"no format {chosen!r}" if chosen else f"{out} does not say in which format"
        names = ", ".join(_FORMATS)
        message = f"{wrong}: choose one of {names} by --format, or by the end of the file's name"
        raise ConfigError(message)
    if not soundfile.check_format(*_FORMATS[chosen]):
        message = (
            f"the libsndfile that is installed ({soundfile.__libsndfile_version__}) cannot write "
            f"{chosen}: write wav or flac, or get libsndfile 1.1 with `pip install -U soundfile`"
        )
        raise InputError(message)
    return chosen


def open_output(out: str, form: str) -> SpeechOutput:
    """The output of that name; raises InputError, with what to do, where it cannot be."""
    if out != PIPE:
        return SpeechFile(Path(out), form)
    if sys.stdout.isatty():
        message = "a terminal shows no sound: send it on, as in `… --out - | aplay`, or name a file"
        raise ConfigError(message)
    return SpeechPipe(sys.stdout.buffer, form)


class SpeechFile:
    """Written beside its final name and renamed when all of it is there."""

    ready = True

    def __init__(self, path: Path, form: str) -> None:
        self._shown, self._form = path, form
        self._path = path.resolve()
        self._samples = 0
        if self._path.exists() and not self._path.is_file():
            message = f"{path} is no file: name one, or use `--out -` for a pipe"
            raise InputError(message)
        if not self._path.parent.is_dir():
            folder = path.parent
            message = f"there is no folder {folder}: make it first with `mkdir -p {folder}`"
            raise InputError(message)
        self._beside = self._path.with_name(f".{secrets.token_hex(6)}.part")
        try:
            os.close(os.open(self._beside, _EXCLUSIVE, 0o666))
            self._file = _encoder(self._beside, form)
        except (OSError, RuntimeError) as error:
            self._beside.unlink(missing_ok=True)
            raise self._failure(error) from error

    def write(self, pcm: bytes) -> None:
        """Append; raises InputError, as for a full disk."""
        self._try(lambda: self._file.buffer_write(pcm, dtype="int16"))
        self._samples += len(pcm) // BYTES_PER_SAMPLE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._try(self._file.close)
            if kind is None:
                self._try(self._finish)
        finally:
            self._beside.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._on_disk() != self._samples:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._beside.replace(self._path)

    def _on_disk(self) -> int:
        if self._form == "raw":
            return self._beside.stat().st_size // BYTES_PER_SAMPLE
        return int(soundfile.info(self._beside).frames)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (OSError, RuntimeError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> InputError:
        reason = getattr(error, "strerror", None) or "the disk does not take it"
        return InputError(f"cannot write {self._shown}: {reason}; name another place with --out")


class SpeechPipe:
    """WAV and raw samples go on as they come, the other formats when they are whole.

    The length that the WAV's header states is unknown, as programs that read pipes expect.
    """

    def __init__(self, stream: BinaryIO, form: str) -> None:
        self._stream = stream
        self._held = io.BytesIO()
        self._file = None if form in _STREAMED else _encoder(self._held, form)
        if form == "wav":
            self._put(_endless_wav_header())

    @property
    def ready(self) -> bool:
        """Whether the reader keeps up; a file is always ready."""
        return bool(select.select([], [self._stream], [], 0)[1])

    def write(self, pcm: bytes) -> None:
        """Pass on; raises BrokenPipeError where nobody reads any more."""
        if self._file is None:
            self._put(pcm)
        else:
            self._file.buffer_write(pcm, dtype="int16")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            if kind is None:
                self._put(self._held.getvalue())

    def _put(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            message = f"cannot write to standard output: {error.strerror}"
            raise InputError(message) from error


def abandon_stdout() -> None:
    """Nobody reads it any more: what Python still holds of it goes nowhere, without a word."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _encoder(target: Path | BinaryIO, form: str) -> Any:  # noqa: ANN401 — soundfile has no types
    name, subtype = _FORMATS[form]
    return soundfile.SoundFile(target, "w", SPEECH_RATE_HZ, 1, subtype, format=name)


def _endless_wav_header() -> bytes:
    bytes_per_s = SPEECH_RATE_HZ * BYTES_PER_SAMPLE
    sound = (16, 1, 1, SPEECH_RATE_HZ, bytes_per_s, BYTES_PER_SAMPLE, 8 * BYTES_PER_SAMPLE)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        _UNKNOWN_LENGTH,
        b"WAVE",
        b"fmt ",
        *sound,
        b"data",
        _UNKNOWN_LENGTH,
    )
