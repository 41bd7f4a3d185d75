"""What a speech engine implements, and the table of those there are."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from streamtalk.proto.synthesis import Mark, Voice
from streamtalk.runtime.engine_table import EngineSpec
from streamtalk.runtime.models.progress import Report

Samples = NDArray[np.float32]
"""Audio inside the service: shape (samples,), in [-1, 1], 24 kHz."""

Emit = Callable[[Samples], bool]
"""Takes audio the moment it exists; false: the piece is no longer wanted, make no more.

Nothing (no samples) only asks whether it is.
"""


@dataclass(frozen=True)
class Order:
    """One piece to say."""

    text: str
    """As it is to be said, normalised (`normal`): holds at least one letter or digit; no markup, no
    control characters but newlines; English and Chinese without figures. Marks count in it."""

    piece: int = 0
    """Number of the piece within its answer."""

    language: str = "auto"
    voice: str = ""
    """A voice of the engine; empty: its default for the language of the text."""

    rate: float = 1.0
    """Speaking rate; 1 is the voice's own."""


@dataclass(frozen=True)
class Made:
    """What is known of a piece when its last audio has been emitted."""

    marks: list[Mark]
    estimated: bool
    """Whether the marks are computed from lengths instead of stated by the model."""

    language: str
    voice: str


Steps = Generator[Sequence[Mark] | None, None, Made]
"""A piece being said: a step makes a little audio and emits it.

Each yields the exact marks that it has come to know, or None: those of what comes next are worth
most, since they go out with the audio, and another voice that has to go on knows where.
"""


class SpeechEngine(Protocol):
    """A voice. Called from one thread, for several pieces in turn.

    Cancel grain: an engine stops at the first `emit` that returns false, or when its generator is
    closed between two steps; each engine's docstring says how much audio that is at most.
    """

    def load(self) -> None:
        """Load the model and every voice that must answer at once; raises EngineMissingError."""
        ...

    def voices(self) -> list[Voice]:
        """The voices that `Order.voice` may name."""
        ...

    def speak(self, order: Order, emit: Emit) -> Steps:
        """Say one piece: each step makes a little audio and emits it before it yields.

        Between two steps of this piece, steps of other pieces may run.
        Raises LanguageError where no voice can say the text, EngineError where the model fails.
        """
        ...


@runtime_checkable
class Repeatable(Protocol):
    """An engine whose pieces may be kept on disk and said again: it states what decides them."""

    def fingerprint(self, order: Order) -> str:
        """Name of the engine, its model and version, and all else that changes how it says `order`.

        The voice that the order gets is part of it, for another one may get its name later; what
        the order itself says need not be, and no key of a server may. Empty: what it makes is not
        to be kept. Called between `load` and `speak`, and raises what that would.
        """
        ...


@runtime_checkable
class Fetched(Protocol):
    """An engine whose model may have to be brought from a hub."""

    def fetch(self, report: Report) -> None:
        """Bring what `load` needs and is not here yet; called before it, and may take hours.

        Raises EngineMissingError where the hub cannot be reached, and says what to do.
        """
        ...


@runtime_checkable
class Calibrated(Protocol):
    """An engine whose samples are right as they are: their level is not touched, nor their ends."""

    @property
    def calibrated(self) -> bool:
        """Whether that is so with its settings."""
        ...


ENGINES: Final = {
    "espeak": EngineSpec("streamtalk.tts.engines.espeak:EspeakEngine", ("espeakng_loader", "soxr")),
    "spark_mlx": EngineSpec(
        "streamtalk.tts.engines.spark_mlx:SparkMlxEngine", ("mlx", "tokenizers", "yaml"), "spark"
    ),
    "scripted": EngineSpec("streamtalk.tts.engines.scripted:ScriptedEngine"),
    "openai": EngineSpec("streamtalk.tts.engines.openai:OpenAiEngine", ("httpx", "soxr")),
    "azure": EngineSpec("streamtalk.tts.engines.azure:AzureEngine", ("httpx", "soxr")),
    "google": EngineSpec("streamtalk.tts.engines.google:GoogleEngine", ("httpx", "soxr")),
    "cosyvoice": EngineSpec(
        "streamtalk.tts.engines.cosyvoice:CosyVoiceEngine", ("httpx", "soxr"), "cosyvoice"
    ),
}
"""Every engine by the name that configuration uses, the best first."""
