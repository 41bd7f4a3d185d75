"""What every engine does, and what only the scripted one does."""

import time
from collections.abc import Iterator

import msgspec
import pytest

from streamtalk.asr.config import AsrEngines, FasterWhisperSettings, ScriptedSettings
from streamtalk.asr.engine import ENGINES, RecognitionEngine, Speech
from streamtalk.asr.engines.scripted import ScriptedEngine
from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.asr.trust.judge import REASONS
from streamtalk.proto.errors import EngineError
from streamtalk.runtime.engine_table import create_engine
from tests.support.voice_servers.transcribing import TranscribingServer

pytestmark = pytest.mark.contract

SECOND = bytes(32_000)


@pytest.fixture(scope="module")
def server() -> Iterator[TranscribingServer]:
    """A server for the engine that needs one."""
    with TranscribingServer().serving() as serving:
        assert isinstance(serving, TranscribingServer)
        yield serving


@pytest.fixture(scope="module", params=sorted(ENGINES))
def any_engine(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server: TranscribingServer,
) -> Iterator[RecognitionEngine]:
    """Each engine of the table with its default settings, given a tiny model or a server."""
    settings = getattr(AsrEngines(), request.param)
    if request.param == "faster_whisper":
        tiny = pytest.importorskip("tests.support.tiny_whisper", reason="needs streamtalk[whisper]")
        folder = tiny.write_model(tmp_path_factory.mktemp("whisper"))
        settings = FasterWhisperSettings(model=str(folder), mode="fast")
    if request.param == "openai":
        settings = OpenAiTranscriptionSettings(base_url=f"{server.url}/v1")
    made: RecognitionEngine = create_engine("asr", ENGINES, request.param, settings)
    made.load()
    yield made
    getattr(made, "close", lambda: None)()


def test_engine_passes_its_own_check(any_engine: RecognitionEngine) -> None:
    """A freshly loaded engine transcribes the clip that it is judged by."""
    any_engine.check()


@pytest.mark.parametrize("final", [True, False])
@pytest.mark.parametrize("length", [2, 640, 32_000, 160_000])
def test_engine_answers_any_length(any_engine: RecognitionEngine, length: int, final: bool) -> None:
    """One sample or five seconds: the answer is within its ranges."""
    heard = any_engine.hear(Speech(bytes(length), final=final))
    assert 0.0 <= heard.confidence <= 1.0
    assert all(0 <= w.from_sample <= w.to_sample <= length for w in heard.words)
    assert heard.rejected in {"", "silence", "grammar", "confidence", *REASONS}


def test_engine_says_what_it_can(any_engine: RecognitionEngine) -> None:
    """Callers choose by languages and features."""
    assert not any_engine.languages or "en" in any_engine.languages
    assert {"grammar", "dictation"} & set(any_engine.features)


def test_every_engine_has_settings_of_its_name() -> None:
    """Configuration and table name the same engines."""
    assert {field.name for field in msgspec.structs.fields(AsrEngines)} == set(ENGINES)


def test_script_gives_its_texts_in_turn() -> None:
    """Finals take the next text, partials show it, and the last is followed by the first."""
    engine = ScriptedEngine(ScriptedSettings(texts=("one two", "three")))
    heard = [engine.hear(Speech(SECOND, final=final)).text for final in (False, True, True, True)]
    assert heard == ["one two", "one two", "three", "one two"]


def test_script_spreads_its_words() -> None:
    """Words follow each other over the whole audio."""
    words = ScriptedEngine(ScriptedSettings(texts=("one two",))).hear(Speech(SECOND)).words
    assert [(w.from_sample, w.to_sample) for w in words] == [(0, 8_000), (8_000, 16_000)]


def test_script_tells_the_length() -> None:
    """Without texts it says how much audio it got."""
    assert ScriptedEngine(ScriptedSettings()).hear(Speech(SECOND)).text.startswith("1000 ")


@pytest.mark.parametrize("gil", [True, False])
def test_script_costs_thread_time(gil: bool) -> None:
    """The configured milliseconds are CPU time of the thread that calls, at the least."""
    engine = ScriptedEngine(ScriptedSettings(cost_ms=30, partial_cost_ms=5, gil=gil))
    before_ns = time.thread_time_ns()
    engine.hear(Speech(SECOND))
    assert time.thread_time_ns() - before_ns >= 30_000_000


def test_script_fails_when_told() -> None:
    """The fault comes after as many transcripts as configured."""
    engine = ScriptedEngine(ScriptedSettings(fault="raise", fault_after=1))
    engine.hear(Speech(SECOND))
    with pytest.raises(EngineError, match="told to fail"):
        engine.hear(Speech(SECOND))
