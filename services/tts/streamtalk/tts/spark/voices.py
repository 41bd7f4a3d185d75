"""Voices as files: 32 global tokens and where they come from, in small JSON files of one folder."""

import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, Final

import msgspec

from streamtalk.proto.errors import EngineError, InputError
from streamtalk.tts.spark.architecture import GLOBAL_CODES, SEMANTIC_CODES

VOICES_LIMIT: Final = 256
FILE_LIMIT_BYTES: Final = 64_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_SUFFIX: Final = ".json"
_TOKENS: Final = 32

GlobalCode = Annotated[int, msgspec.Meta(ge=0, lt=GLOBAL_CODES)]
SemanticCode = Annotated[int, msgspec.Meta(ge=0, lt=SEMANTIC_CODES)]


class StoredVoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A voice that Spark-TTS can speak with."""

    global_tokens: Annotated[
        tuple[GlobalCode, ...], msgspec.Meta(min_length=_TOKENS, max_length=_TOKENS)
    ]
    """All that the decoder and the prompt need of a voice."""

    version: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1
    language: Annotated[str, msgspec.Meta(max_length=20)] = ""
    """BCP 47 primary tag of the recording; empty: not known."""

    description: Annotated[str, msgspec.Meta(max_length=200)] = ""
    source: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Where the tokens come from: `recording`, or the style of a voice that the model made up."""

    reference_text: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    """What the recording says, where its semantic tokens are known."""

    semantic_tokens: Annotated[tuple[SemanticCode, ...], msgspec.Meta(max_length=3_000)] = ()


class VoiceFolder:
    """The voices of one folder, by name. A voice is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def check_name(self, name: str) -> None:
        """Raise InputError for a name that no voice can have, before anything is loaded."""
        self._path(name)

    def names(self) -> list[str]:
        """Names of all voices, sorted; none where the folder is not there yet."""
        files = self._folder.glob(f"*{_SUFFIX}")
        return sorted(f.stem for f in files if _NAME.fullmatch(f.stem) and f.is_file())

    def read(self, name: str) -> StoredVoice:
        """The voice of that name.

        Raises:
            InputError: no such voice, or a name that none can have.
            EngineError: its file is damaged.
        """
        path = self._path(name)
        try:
            with path.open("rb") as file:
                content = file.read(FILE_LIMIT_BYTES + 1)
        except FileNotFoundError as error:
            raise InputError(f"there is no voice {name!r}{self._known()}") from error
        if len(content) > FILE_LIMIT_BYTES:
            raise EngineError(f"{path} has more than {FILE_LIMIT_BYTES} bytes: it is no voice")
        try:
            return msgspec.json.decode(content, type=StoredVoice)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EngineError(f"{path} is no voice: {error}; make it again") from error

    def write(self, name: str, voice: StoredVoice) -> None:
        """Store a voice, also over one of the same name.

        Raises:
            InputError: a name that no voice can have, fields beyond their limits, or 256 voices.
        """
        path = self._path(name)
        content = _encode(voice)
        if not path.exists() and len(self.names()) >= VOICES_LIMIT:
            raise InputError(f"there are {VOICES_LIMIT} voices already; delete one first")
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".voice-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def delete(self, name: str) -> None:
        """Forget a voice; raises InputError where there is none of that name."""
        try:
            self._path(name).unlink()
        except FileNotFoundError as error:
            raise InputError(f"there is no voice {name!r}{self._known()}") from error

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InputError(
                f"{name[:60]!r} is no name of a voice: write 1 to 40 of a-z, 0-9, - and _, "
                "a letter or digit first"
            )
        return self._folder / f"{name}{_SUFFIX}"

    def _known(self) -> str:
        names = self.names()
        return f"; there are {', '.join(names[:10])}" if names else "; there are none yet"


def _encode(voice: StoredVoice) -> bytes:
    """The JSON of a voice that reads back, so that what is stored can be loaded."""
    content = msgspec.json.encode(voice)
    try:
        msgspec.json.decode(content, type=StoredVoice)
    except msgspec.ValidationError as error:
        raise InputError(f"this is no voice: {error}") from error
    if len(content) > FILE_LIMIT_BYTES:
        raise InputError(f"a voice has at most {FILE_LIMIT_BYTES} bytes")
    return content + b"\n"
