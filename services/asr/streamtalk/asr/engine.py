"""What a recognition engine implements, and the table of those there are."""

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from streamtalk.asr.pace import Pace
from streamtalk.asr.trust.voice import is_unsure
from streamtalk.asr.writing.script import Script
from streamtalk.proto.recognition import Word
from streamtalk.proto.state import PLAIN_VOICE
from streamtalk.runtime.engine_table import EngineSpec


@dataclass(frozen=True)
class Speech:
    """Audio to recognise, and how."""

    pcm: bytes
    """16 kHz s16le mono; positions in `Heard` count from its first sample."""

    final: bool = True
    """False: a partial, asked again and again with more audio of the same `origin`."""

    origin: tuple[str, str, int] | None = None
    """(ring, stream, first sample): what partials of one stretch of speech have in common."""

    language: str = "auto"
    grammar: str = ""
    """JSGF to listen with and reject by; empty: dictation."""

    hint: str = ""
    script: Script = "simplified"
    """Of Chinese, for a model that takes a prompt; the service converts what others write."""

    voice: float = PLAIN_VOICE
    """Best probability of speech that voice activity gave it, as in `Transcribe`."""

    @property
    def unsure(self) -> bool:
        """Whether it may be noise or the rest of an echo as well."""
        return self.final and is_unsure(self.voice)


@dataclass(frozen=True)
class Heard:
    """What an engine makes of it."""

    text: str
    """As the model writes it; the service puts it as a person would (`writing/`)."""

    language: str
    confidence: float
    """0 to 1, of the whole text; 0 in a partial that was not judged."""

    rejected: str = ""
    """Why the engine does not stand by the text: `grammar`, `confidence`, `unsure`, `silence`."""

    words: tuple[Word, ...] = ()
    stable_chars: int = 0
    """Length of the beginning of a partial's text that later ones will not change."""


class RecognitionEngine(Protocol):
    """A recogniser. Called from one thread.

    Cancel grain: a call is never cancelled; each engine's docstring says for how long it may hold
    the GIL at a time.
    """

    languages: tuple[str, ...]
    """BCP 47 primary tags; empty: any."""

    features: tuple[str, ...]
    """`grammar`, `dictation`, or both."""

    pace: Pace | None
    """How quick it is here, known when it is loaded; None, or none such: by the configuration."""

    def load(self) -> None:
        """Load and warm the model; raises EngineMissingError."""
        ...

    def check(self) -> None:
        """Transcribe a known clip; raises EngineError unless the known text comes out."""
        ...

    def hear(self, speech: Speech) -> Heard:
        """Transcribe; raises MalformedError for a grammar that cannot be used, or EngineError."""
        ...


@runtime_checkable
class Paced(Protocol):
    """An engine that measures its speed when it is loaded."""

    pace: Pace | None
    """What a call takes; None: not measured."""


@runtime_checkable
class Bounded(Protocol):
    """An engine that ends its calls by deadlines of its own."""

    def deadline_ms(self, audio_ms: float) -> float:
        """What a call takes at most: the watchdog is to wait longer."""
        ...


@runtime_checkable
class Choosing(Protocol):
    """An engine that chooses its model."""

    about: str
    """Which one it is, and why; empty where it was named."""


@runtime_checkable
class Closable(Protocol):
    """An engine that holds connections."""

    def close(self) -> None:
        """Break off what is under way; called once, from the receive thread."""
        ...


ENGINES: Final = {
    "pocketsphinx": EngineSpec(
        "streamtalk.asr.engines.pocketsphinx:PocketSphinxEngine", ("pocketsphinx", "numpy")
    ),
    "faster_whisper": EngineSpec(
        "streamtalk.asr.engines.faster_whisper:FasterWhisperEngine", ("faster_whisper",), "whisper"
    ),
    "openai": EngineSpec("streamtalk.asr.engines.openai:OpenAiEngine", ("httpx",)),
    "scripted": EngineSpec("streamtalk.asr.engines.scripted:ScriptedEngine"),
}
"""Every engine by the name that configuration uses; `auto` is the first that is installed."""
