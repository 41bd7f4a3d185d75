"""The engine `openai` beside a server on loopback: what it asks, what it hears, what goes wrong."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from streamtalk.asr import canned
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.engines.openai import OpenAiEngine
from streamtalk.asr.remote.answers import MAX_BODY_BYTES
from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.asr.trust.judge import PHRASE
from streamtalk.asr.writing.writer import Writer, WritingConfig
from streamtalk.proto.errors import (
    ConfigError,
    EngineError,
    RemoteAuthError,
    RemoteError,
    RemoteGarbageError,
    RemoteRateLimitedError,
    RemoteRefusedError,
    RemoteServerError,
    RemoteTimeoutError,
    RemoteUnreachableError,
)
from tests.support.voice_servers.http_server import PROSE, free_port
from tests.support.voice_servers.transcribing import STREAM_FAULTS, TEXT, TranscribingServer

pytestmark = pytest.mark.process

KEY: Final = "sk-canary-5eed-never-write-this-down"
QUICK: Final = {
    "connect_timeout_s": 1.0,
    "answer_timeout_s": 1.5,
    "stall_timeout_s": 1.0,
    "whole_timeout_s": 10.0,
    "partial_s": 20.0,
}
ERRORS: Final[dict[str, type[RemoteError]]] = {
    "unauthorized": RemoteAuthError,
    "forbidden": RemoteAuthError,
    "rate_limited": RemoteRateLimitedError,
    "bad_request": RemoteRefusedError,
    "no_such_path": RemoteRefusedError,
    "failing": RemoteServerError,
    "redirect": RemoteGarbageError,
    "html": RemoteGarbageError,
    "half_json": RemoteGarbageError,
    "not_text": RemoteGarbageError,
    "deep_json": RemoteGarbageError,
    "too_long": RemoteGarbageError,
    "endless": RemoteGarbageError,
    "stall": RemoteTimeoutError,
    "stall_early": RemoteTimeoutError,
    "reset": RemoteUnreachableError,
}
CLIP: Final = canned.clip()


@contextmanager
def scene(
    fault: str = "none",
    **settings: Any,  # noqa: ANN401
) -> Iterator[tuple[OpenAiEngine, TranscribingServer]]:
    """A server with a fault, and the engine that asks it with the canary key."""
    server = TranscribingServer()
    server.fault = fault
    with server.serving():
        engine = engine_at(server.url, **settings)
        try:
            yield engine, server
        finally:
            engine.close()


def engine_at(url: str, **settings: Any) -> OpenAiEngine:  # noqa: ANN401
    """The engine, loaded."""
    made = OpenAiEngine(
        OpenAiTranscriptionSettings(base_url=f"{url}/v1", **{**QUICK, **settings}),
        {"STREAMTALK_ASR_OPENAI_API_KEY": KEY},
    )
    made.load()
    return made


def test_transcript_has_its_words_and_their_times() -> None:
    """Text, language, words within the audio, and how sure the server is."""
    with scene() as (engine, server):
        heard = engine.hear(Speech(CLIP))
    (asked,) = server.asked
    samples = len(CLIP) // 2
    assert (heard.text, heard.language, heard.rejected) == (TEXT, "en", "")
    assert [word.text for word in heard.words] == ["What", "time", "is", "it"]
    assert heard.words[0].from_sample == 0
    assert heard.words[-1].to_sample == pytest.approx(samples, abs=1)
    assert 0.8 < heard.confidence < 0.85
    assert asked.path == "/v1/audio/transcriptions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert server.audio_s == [pytest.approx(samples / 16_000)]


def test_words_without_punctuation_spell_the_written_text() -> None:
    """The service gives them the marks of the text that they belong to."""
    with scene() as (engine, _):
        heard = engine.hear(Speech(CLIP))
    written = Writer(WritingConfig()).write(heard)
    assert [word.text for word in written.words] == ["What", "time", "is", "it?"]


@pytest.mark.parametrize("fault", sorted(ERRORS))
def test_fault_has_a_name_and_passes(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """Never an empty transcript, never the server's prose or the key; afterwards all is well."""
    caplog.set_level(logging.DEBUG)
    with scene(fault) as (engine, server):
        with pytest.raises(ERRORS[fault]) as raised:
            engine.hear(Speech(CLIP))
        server.fault, server.retry_after = "none", "0"
        if fault != "rate_limited":
            assert engine.hear(Speech(CLIP)).text == TEXT
    assert PROSE not in str(raised.value)
    assert KEY not in f"{raised.value!r}{caplog.text}{engine!r}{vars(engine)!r}"


@pytest.mark.parametrize("fault", STREAM_FAULTS)
def test_broken_stream_has_a_name(fault: str) -> None:
    """No event, an event without end, an error in the middle, an end before the end."""
    with scene(fault) as (engine, server):
        with pytest.raises((RemoteGarbageError, RemoteServerError)) as raised:
            engine.hear(Speech(CLIP, final=False))
        server.fault = "none"
        assert engine.hear(Speech(CLIP, final=False)).text == TEXT
    assert PROSE not in str(raised.value)


def test_limited_server_is_left_alone_until_it_said() -> None:
    """A second call is refused without a request."""
    with scene("rate_limited") as (engine, server):
        for _ in range(2):
            with pytest.raises(RemoteRateLimitedError):
                engine.hear(Speech(CLIP))
        assert len(server.asked) == 1


def test_endless_answer_is_cut_at_its_bound() -> None:
    """No more than a few MiB are read, however fast they come."""
    with scene("endless") as (engine, server):
        with pytest.raises(RemoteGarbageError, match="without end"):
            engine.hear(Speech(CLIP))
        assert server.sent_bytes < 4 * MAX_BODY_BYTES


def test_absent_server_is_named() -> None:
    """Nobody listens there."""
    engine = engine_at(f"http://127.0.0.1:{free_port()}")
    try:
        with pytest.raises(RemoteUnreachableError, match="cannot be reached"):
            engine.hear(Speech(CLIP))
    finally:
        engine.close()


def test_server_without_times_of_words_is_asked_for_the_text_alone() -> None:
    """Once it has refused them, it is not asked for them again."""
    with scene() as (engine, server):
        server.refuses_words = True
        heard = [engine.hear(Speech(CLIP)) for _ in range(2)]
    forms = [asked.fields["response_format"] for asked in server.asked]
    assert forms == ["verbose_json", "json", "json"]
    assert [(h.text, h.language, h.words) for h in heard] == [(TEXT, "en", ())] * 2


def test_refusal_of_the_audio_does_not_cost_the_times_of_later_words() -> None:
    """What refuses both forms refuses something else."""
    with scene("bad_request") as (engine, server):
        with pytest.raises(RemoteRefusedError):
            engine.hear(Speech(CLIP))
        server.fault = "none"
        assert engine.hear(Speech(CLIP)).words


def test_partial_is_streamed() -> None:
    """With the events as documented; it is not judged."""
    with scene() as (engine, server):
        heard = engine.hear(Speech(CLIP, final=False))
    assert (heard.text, heard.confidence, heard.stable_chars) == (TEXT, 0.0, 0)
    assert server.asked[0].fields["stream"] == "true"


def test_partial_does_not_wait_for_the_end_of_a_stream() -> None:
    """What came in its time is given, be it nothing; the connection is closed."""
    with scene("stall", partial_s=0.2) as (engine, server):
        heard = engine.hear(Speech(CLIP, final=False))
        assert server.gone.wait(10)
    assert TEXT.startswith(heard.text)


@pytest.mark.parametrize("partials", ["never", "always"])
def test_partials_are_made_where_they_are_wanted_and_taken(partials: str) -> None:
    """Not sent when switched off; given up where the server refuses to stream."""
    with scene(partials=partials) as (engine, server):
        server.refuses_streams = True
        texts = [engine.hear(Speech(CLIP, final=False)).text for _ in range(3)]
        assert engine.hear(Speech(CLIP)).text == TEXT
    assert texts == [""] * 3
    assert len(server.asked) == (1 if partials == "never" else 2)


def test_request_says_what_is_wanted() -> None:
    """Language, script and words to expect, and what else the settings have."""
    with scene(upload_format="flac", model="m", extra={"x": "y"}) as (engine, server):
        engine.hear(Speech(CLIP, language="zh-CN", hint="京剧", script="traditional"))
    asked = server.asked[0].fields
    assert (asked["model"], asked["language"], asked["x"]) == ("m", "zh", "y")
    assert asked["prompt"] == "以下是普通話的句子，用繁體中文書寫。 京剧"
    assert asked["file"].startswith(b"fLaC")


def test_silence_is_not_sent() -> None:
    """It costs nothing and invents nothing."""
    with scene() as (engine, server):
        heard = engine.hear(Speech(bytes(32_000)))
    assert (heard.text, heard.rejected, server.asked) == ("", "silence", [])


def test_invented_text_is_no_turn() -> None:
    """The server's figures and words are judged as those of our own Whisper."""
    with scene() as (engine, server):
        server.text = "字幕由Amara.org社区提供"
        assert engine.hear(Speech(CLIP)).rejected == PHRASE
        server.text, server.more = "謝謝觀看", {"segments": [_unsure(-0.5)]}
        assert engine.hear(Speech(CLIP)).rejected == PHRASE
        server.text, server.more = "Perhaps", {"segments": [_unsure()]}
        assert engine.hear(Speech(CLIP)).rejected == "no_speech"


def test_voice_activity_that_was_not_sure_asks_for_better_figures() -> None:
    """A short word is believed of a clear voice and rejected of one that may be an echo."""
    word = CLIP[:32_000]
    with scene() as (engine, server):
        server.text = "Perhaps"
        server.more = {"segments": [{**_unsure(-0.9), "no_speech_prob": 0.3}]}
        assert engine.hear(Speech(word)).text == "Perhaps"
        heard = engine.hear(Speech(word, voice=0.9))
        assert (heard.text, heard.rejected) == ("", "unsure")


def _unsure(log_probability: float = -1.2) -> dict[str, Any]:
    own = {"avg_logprob": log_probability, "no_speech_prob": 0.9}
    return {"text": "Perhaps", "start": 0, "end": 1, **own}


@pytest.mark.parametrize(
    "more",
    [
        {"words": [{"word": "time", "start": -5, "end": 1e308}, {"word": "is", "start": 0.1}]},
        {"segments": [{"avg_logprob": 7, "no_speech_prob": 9, "start": 3, "end": -1}]},
        {"language": "klingon?"},
        {"language": None, "words": None, "segments": None},
    ],
)
def test_odd_figures_are_brought_within_bounds(more: dict[str, Any]) -> None:
    """What callers get is always in order and within the audio."""
    with scene() as (engine, server):
        server.more = more
        heard = engine.hear(Speech(CLIP))
    assert _is_in_order(heard)
    assert heard.language == "en"


def _is_in_order(heard: Heard) -> bool:
    edges = [at for word in heard.words for at in (word.from_sample, word.to_sample)]
    sure = [heard.confidence, *(word.confidence for word in heard.words)]
    return edges == sorted([*edges]) and all(0.0 <= c <= 1.0 for c in sure)


@pytest.mark.parametrize("samples", [160, 1_600, 16_000 * 60])
def test_any_length_is_taken(samples: int) -> None:
    """Servers refuse less than a tenth of a second; silence is put behind it."""
    pcm = (b"\x00\x40\x00\xc0" * samples)[: 2 * samples]
    with scene() as (engine, server):
        heard = engine.hear(Speech(pcm))
    assert all(word.to_sample <= samples for word in heard.words)
    assert server.audio_s[0] >= 0.2


def test_hosted_server_needs_a_key() -> None:
    """It is said before anything is asked; the variable is named."""
    with pytest.raises(RemoteAuthError, match="STREAMTALK_ASR_OPENAI_API_KEY"):
        OpenAiEngine(OpenAiTranscriptionSettings(), {})
    with pytest.raises(ConfigError, match="base_url"):
        OpenAiEngine(OpenAiTranscriptionSettings(base_url="ftp://x"), {})


def test_general_key_goes_nowhere_in_the_clear() -> None:
    """The maker's variable is not sent to another machine without encryption."""
    environment = {"OPENAI_API_KEY": KEY}
    engine = OpenAiEngine(
        OpenAiTranscriptionSettings(base_url="http://asr.example/v1"), environment
    )
    assert engine._server._key is None


def test_server_that_hears_nothing_fails_its_check() -> None:
    """An instance of it is never ready, and says why."""
    with scene() as (engine, server):
        engine.check()
        server.text = ""
        with pytest.raises(EngineError, match="heard nothing"):
            engine.check()


def test_call_ends_before_the_watchdog_would_end_the_process() -> None:
    """The declared time grows with the audio and exceeds every deadline of the engine."""
    engine = OpenAiEngine(OpenAiTranscriptionSettings(base_url="http://127.0.0.1:9/v1"), {})
    assert engine.deadline_ms(60_000.0) > 2 * (10.0 + 0.5 * 60.0) * 1_000.0
