"""eSpeak NG's C interface by ctypes (`speak_lib.h` of 1.52), as one object.

The library keeps its state in globals: one object per process, one thread at a time.
"""

import ctypes
import functools
import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import espeakng_loader
import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.errors import EngineError

_SYNCHRONOUS: Final = 2
_DONT_EXIT: Final = 0x8000
_UTF8: Final = 1
_END_PAUSE: Final = 0x1000
_RATE: Final = 1
_WORD: Final = 1
_BUFFER_MS: Final = 60
_PATH_LIMIT: Final = 150
"""The library copies its data path into 160 bytes."""

Pcm = NDArray[np.int16]
Take = Callable[[Pcm, list[tuple[int, int]]], bool]
"""Takes (samples, [(offset of a word in code points, sample)]); false stops the voice."""


class _EventId(ctypes.Union):
    _fields_ = (
        ("number", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("string", ctypes.c_char * 8),
    )


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class LibraryVoice(NamedTuple):
    """A voice as the library lists it."""

    tag: str
    """Its first language, such as `en-us` or `cmn`; `EspeakLibrary.choose` takes it."""

    name: str
    identifier: str
    """Its file below the data's `lang`: some voices cannot be chosen by their language."""


@functools.cache
def open_library() -> "EspeakLibrary":
    """The library of this process, for ever: it calls back into the object that opened it."""
    return EspeakLibrary()


class EspeakLibrary:
    """The loaded library: choose a voice, then synthesise. Made by `open_library` alone."""

    def __init__(self) -> None:
        self._link: tempfile.TemporaryDirectory[str] | None = None
        self._chosen = ""
        self._identifiers: dict[str, str] = {}
        self._take: Take | None = None
        self._error: BaseException | None = None
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        data = self._short_path(Path(espeakng_loader.get_data_path()))
        options = (_SYNCHRONOUS, _BUFFER_MS, str(data).encode(), _DONT_EXIT)
        self.rate_hz: int = self._library.espeak_Initialize(*options)
        if self.rate_hz <= 0:
            raise EngineError(f"eSpeak NG cannot read its data in {data}; install it again")
        self._callback = _Callback(self._on_audio)
        self._library.espeak_SetSynthCallback(self._callback)

    def voices(self) -> list[LibraryVoice]:
        """Every voice of the installed data."""
        listed = self._library.espeak_ListVoices(None)
        found = itertools.takewhile(bool, (listed[index] for index in itertools.count()))
        voices = [_describe(pointer.contents) for pointer in found]
        self._identifiers = {voice.tag: voice.identifier for voice in voices}
        return voices

    def choose(self, tag: str) -> None:
        """Use a voice from now on; raises EngineError for one that the library lacks."""
        if tag == self._chosen:
            return
        name = self._identifiers.get(tag, tag)
        if self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise EngineError(
                f"eSpeak NG has no voice {tag!r}; list the voices to see which it has"
            )
        self._chosen = tag

    def synthesise(self, text: str, words_per_minute: int, take: Take, *, end_pause: bool) -> None:
        """Say `text` with the chosen voice; `take` gets at most 60 ms at a time, on this thread."""
        raw = text.encode()
        self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
        self._take, self._error = take, None
        flags = _UTF8 | (_END_PAUSE if end_pause else 0)
        size = ctypes.c_size_t(len(raw) + 1)
        status = self._library.espeak_Synth(raw, size, 0, 0, 0, flags, None, None)
        self._take = None
        if self._error is not None:
            raise self._error
        if status != 0:
            raise EngineError(f"eSpeak NG refused a text of {len(text)} characters: {status}")

    def _on_audio(self, samples: Any, count: int, events: Any) -> int:  # noqa: ANN401 — C pointers
        take = self._take
        if take is None:
            return 1
        try:
            audio = np.ctypeslib.as_array(samples, (count,)) if count else np.zeros(0, np.int16)
            return 0 if take(audio, list(_words(events))) else 1
        except BaseException as error:  # noqa: BLE001 — C cannot carry it: raised after the call
            self._error = error
            return 1

    def _short_path(self, data: Path) -> Path:
        if len(bytes(data)) <= _PATH_LIMIT:
            return data
        self._link = tempfile.TemporaryDirectory(prefix="streamtalk-espeak-")
        link = Path(self._link.name) / "espeak-ng-data"
        link.symlink_to(data)
        return link


def _words(events: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 — a C pointer
    for index in itertools.count():
        event = events[index]
        if event.type == 0:
            return
        if event.type == _WORD:
            yield max(event.text_position - 1, 0), event.sample


def _describe(voice: _Voice) -> LibraryVoice:
    # `languages` is a priority byte, then the tag.
    tag = voice.languages[1:].decode()
    return LibraryVoice(tag, voice.name.decode(), voice.identifier.decode())
