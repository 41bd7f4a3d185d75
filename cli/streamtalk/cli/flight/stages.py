"""The stages that a replay runs for real: their engines, built as their services build them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from streamtalk.cli.engines import STAGES, require, resolve
from streamtalk.cli.flight.microphone import Stream
from streamtalk.cli.flight.shelf import RingShelf
from streamtalk.proto.audio import BYTES_PER_SAMPLE
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import ConfigError
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.synthesis import Speak, Spoken
from streamtalk.runtime.config import Table, decode_table, merge, nest, parse_setting
from streamtalk.runtime.engine_table import create_engine

_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True)
class Timed:
    """A result and the time that it took."""

    result: Any
    took_ns: int


@dataclass(frozen=True)
class Chunk:
    """Audio of a piece, and when it existed, from the order on."""

    after_ns: int
    pcm: bytes


class AsrStage:
    """A recognition engine."""

    def __init__(self, config: Any, name: str) -> None:  # noqa: ANN401 — AsrConfig
        from streamtalk.asr.engine import ENGINES

        settings = getattr(config.engines, name, None)
        self._engine = create_engine("asr", ENGINES, name, settings)
        self._engine.load()

    def transcribe(self, request: Transcribe, stream: Stream) -> Timed:
        """Recognise a range of the recorded microphone."""
        from streamtalk.asr.engine import Speech
        from streamtalk.asr.service import transcript

        pcm = stream.read(request.from_sample, request.to_sample)
        speech = Speech(
            pcm=pcm,
            final=request.final,
            origin=(request.ring, request.stream, request.from_sample),
            language=request.language,
            grammar=request.grammar,
            hint=request.hint,
            voice=request.voice,
        )
        heard, took_ns = _timed(partial(self._engine.hear, speech))
        samples = len(pcm) // BYTES_PER_SAMPLE
        found: Transcript = transcript(request, heard, samples, took_ns / _NS_PER_MS)
        return Timed(found, took_ns)


class TurnStage:
    """An engine that judges the end of a turn."""

    def __init__(self, config: Any, name: str) -> None:  # noqa: ANN401 — TurnConfig
        from streamtalk.turn.engine import ENGINES

        settings = getattr(config.engines, name, None)
        self._engine = create_engine("turn", ENGINES, name, settings)
        self._engine.load()
        self._shelf = RingShelf() if "uses_audio" in self._engine.features else None

    def predict(self, request: Predict, stream: Stream) -> Timed:
        """Judge by the text, by the audio, which lies in a ring again, or by both."""
        if self._shelf is not None:
            ring = self._shelf.ring(request.stream, stream, request.to_sample)
            request = msgspec.structs.replace(request, ring=str(ring))
        found: tuple[Prediction, int] = _timed(partial(self._engine.predict, request))
        return Timed(*found)

    def close(self) -> None:
        """Remove the rings."""
        if self._shelf is not None:
            self._shelf.close()


class VoiceStage:
    """A speech engine."""

    def __init__(self, config: Any, name: str) -> None:  # noqa: ANN401 — TtsConfig
        from streamtalk.tts.engine import ENGINES

        settings = getattr(config.engines, name, None)
        self._engine = create_engine("tts", ENGINES, name, settings)
        self._engine.load()

    def speak(self, request: Speak) -> tuple[list[Chunk], Spoken, int]:
        """Audio of a piece as it was made, the reply, and the time that all of it took."""
        from streamtalk.tts.language import expected_language
        from streamtalk.tts.normal import normalise
        from streamtalk.tts.speakable import is_speakable
        from streamtalk.tts.utterance import Utterance, nothing_said

        chunks: list[Chunk] = []
        said = normalise(request.text, expected_language(request, self._engine.voices()))
        if not is_speakable(said.text):
            return chunks, nothing_said(request), 0
        began_ns = time.monotonic_ns()

        def deliver(pcm: bytes) -> None:
            chunks.append(Chunk(time.monotonic_ns() - began_ns, pcm))

        utterance = Utterance(request, said, deliver, time.monotonic_ns)
        spoken = None
        while spoken is None:
            spoken = utterance.step(self._engine)
        return chunks, spoken, time.monotonic_ns() - began_ns


@dataclass
class Stages:
    """What is run for real; None: as recorded."""

    vad: Any = None
    """(VadConfig, engine) of a stage that judges the recorded microphone."""

    turn: TurnStage | None = None
    asr: AsrStage | None = None
    tts: VoiceStage | None = None
    recorded_latency: bool = False
    """Whether results take the recorded times instead of those measured now."""

    def close(self) -> None:
        """Leave nothing behind."""
        if self.turn is not None:
            self.turn.close()

    @property
    def any(self) -> bool:
        """Whether anything is run for real."""
        return any((self.vad, self.turn, self.asr, self.tts))


def build_stages(
    swaps: list[str],
    settings: list[str],
    recorded: dict[str, list[str]],
    configuration: dict[str, Table],
    *,
    recorded_latency: bool,
) -> Stages:
    """The stages that `--swap` and `--set` name; raises ConfigError, EngineMissingError."""
    names = dict(_split(text) for text in swaps)
    tables = {stage: dict(configuration.get(stage, {})) for stage in STAGES}
    for text in settings:
        path, value = parse_setting(text)
        if path[0] == "orchestrator":
            continue
        if path[0] not in STAGES or len(path) == 1:
            raise ConfigError(f"--set wants STAGE.KEY=VALUE or orchestrator.KEY=VALUE, not {text}")
        tables[path[0]] = merge(tables[path[0]], nest(path[1:], value))
        names.setdefault(path[0], next(iter(recorded.get(path[0], [])), "auto"))
    stages = Stages(recorded_latency=recorded_latency)
    for stage, name in names.items():
        setattr(stages, stage, _build(stage, name, tables[stage]))
    return stages


def _split(text: str) -> tuple[str, str]:
    stage, equals, name = text.partition("=")
    if not equals or stage not in STAGES or not name:
        raise ConfigError(f"--swap wants STAGE=ENGINE with one of {', '.join(STAGES)}, not {text}")
    return stage, name


def _build(stage: str, name: str, table: Table) -> object:
    from streamtalk.cli.configuration import table_type

    choice = resolve(stage, name)
    require(choice)
    config: Any = decode_table(stage, merge(table, {"engine": choice.engine}), table_type(stage))
    if stage == "vad":
        from streamtalk.vad.engine import ENGINES

        settings = getattr(config.engines, choice.engine, None)
        engine = create_engine("vad", ENGINES, choice.engine, settings)
        engine.load(1)
        return config, engine
    kinds: dict[str, Callable[[Any, str], object]] = {
        "turn": TurnStage,
        "asr": AsrStage,
        "tts": VoiceStage,
    }
    return kinds[stage](config, choice.engine)


def _timed(function: Callable[[], Any]) -> tuple[Any, int]:
    began_ns = time.monotonic_ns()
    result = function()
    return result, time.monotonic_ns() - began_ns
