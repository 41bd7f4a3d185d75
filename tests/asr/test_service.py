"""The real `asr` process on real sockets: rings, payloads, refusals, and what is done first."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgpack
import pytest
import zmq

from streamtalk.asr import canned
from streamtalk.client.peer import Peer
from streamtalk.client.ring import RingWriter
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.errors import (
    AudioRangeError,
    EngineError,
    LanguageError,
    MalformedError,
    UnknownMessageError,
)
from streamtalk.proto.health import Health, Metrics, MetricsText, Probe, Proof, ProveWork
from streamtalk.proto.message import Message, Ok, Refusal, Request
from streamtalk.proto.playback import Finish
from streamtalk.proto.recognition import Transcribe, Transcript
from tests.support.alone import alone
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

Start = Callable[[str], Peer]
SECOND = bytes(32_000)


@pytest.fixture
def start(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts `asr` with an `[asr]` table in TOML, and gives a caller of it."""
    with ExitStack() as stack:

        def run(table: str) -> Peer:
            config = run_dir / "streamtalk.toml"
            config.write_text(table, encoding="utf-8")
            scene = stack.enter_context(alone("asr", run_dir, "--config", str(config)))
            return stack.enter_context(scene.connect())

        yield run


def scripted(**settings: object) -> str:
    """The table of the scripted engine."""
    lines = [f"{key} = {value}" for key, value in settings.items()]
    return "\n".join(['[asr]\nengine = "scripted"\n[asr.engines.scripted]', *lines])


def test_command_is_read_from_the_ring(start: Start, run_dir: Path) -> None:
    """The real engine finds the known command in a range of a ring, words on the stream's clock."""
    peer = start('[asr]\nengine = "auto"\n')
    ring = RingWriter(run_dir / "mic.ring", "stream-a")
    ring.write(bytes(64_000))
    first = ring.write(canned.clip())
    ask = Transcribe(
        ring=str(ring.path),
        stream="stream-a",
        from_sample=first,
        to_sample=ring.written,
        grammar=canned.GRAMMAR,
    )
    heard = peer.call(ask, Transcript, 10.0)
    partial = peer.call(
        Transcribe(
            ring=str(ring.path),
            stream="stream-a",
            from_sample=first,
            to_sample=ring.written,
            grammar=canned.GRAMMAR,
            final=False,
        ),
        Transcript,
        10.0,
    )
    ring.close()
    assert (heard.text, heard.rejected, heard.final) == (canned.TEXT, "", True)
    assert first <= heard.words[0].from_sample < heard.words[-1].to_sample <= ask.to_sample
    assert heard.audio_ms == pytest.approx((ask.to_sample - first) / 16)
    assert (partial.text, partial.final) == (canned.TEXT, False)


def test_unsure_speech_is_rejected_and_counted(start: Start) -> None:
    """With the voice that the caller gives; one that gives none is answered as ever."""
    strict = "unsure_dictation_confidence = 1.0\n"
    peer = start(f'[asr]\nengine = "pocketsphinx"\n[asr.engines.pocketsphinx]\n{strict}')
    short = canned.clip()[:40_000]
    assert peer.call(Transcribe(), Transcript, 60.0, short).text
    heard = peer.call(Transcribe(voice=0.9), Transcript, 60.0, short)
    assert (heard.text, heard.rejected) == ("", "unsure")
    counted = peer.call(Metrics(), MetricsText, 60.0).text
    assert 'streamtalk_asr_rejected_transcripts{reason="unsure"} 1' in counted


def test_instance_says_what_it_can(start: Start) -> None:
    """Engine, languages and features stand in the directory."""
    instance = start('[asr]\nengine = "pocketsphinx"\n').call(Probe(), Health, 5.0).instance
    assert instance.ready
    assert (instance.engine, instance.languages) == ("pocketsphinx", ["en"])
    assert instance.features == ["grammar", "dictation"]


def test_budget_follows_from_the_speed_of_the_machine(start: Start) -> None:
    """What the real engine took for its clip, in the directory for callers."""
    instance = start('[asr]\nengine = "pocketsphinx"\n').call(Probe(), Health, 5.0).instance
    assert instance.budget_ms == 1_000.0
    assert 0.0 < instance.budget_factor <= 20.0


def test_budget_of_the_configuration_is_kept(start: Start) -> None:
    """Whoever sets it knows the machine better."""
    table = '[asr]\nengine = "pocketsphinx"\nbudget_ms = 5000\nbudget_real_time_factor = 2\n'
    instance = start(table).call(Probe(), Health, 5.0).instance
    assert (instance.budget_ms, instance.budget_factor) == (5_000.0, 2.0)


def test_foreign_program_can_transcribe(start: Start) -> None:
    """A plain REQ socket and plain MessagePack get a transcript of a payload."""
    peer = start(scripted(texts='["hello"]'))
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.connect(peer.endpoint)
        request = {"type": "transcribe", "v": 1}
        socket.send_multipart([msgpack.packb(request), SECOND])
        assert socket.poll(10_000)
        reply: dict[str, Any] = msgpack.unpackb(socket.recv_multipart()[0])
    assert (reply["type"], reply["text"], reply["audio_ms"]) == ("transcript", "hello", 1000.0)


@pytest.mark.parametrize(
    "ask, payload, error",
    [
        (Transcribe(), b"", MalformedError),
        (Transcribe(), b"odd", MalformedError),
        (Transcribe(ring="x", stream="s", from_sample=10, to_sample=10), b"", MalformedError),
        (Transcribe(ring="x", stream="s", from_sample=0, to_sample=1 << 40), b"", MalformedError),
        (Transcribe(ring="/nowhere", stream="s", to_sample=10), b"", AudioRangeError),
        (Transcribe(language="zh"), SECOND, LanguageError),
        (Finish(session="s", term=1, answer="a", pieces=1), b"", UnknownMessageError),
    ],
)
def test_unusable_call_is_refused(
    start: Start, ask: Request, payload: bytes, error: type[Exception]
) -> None:
    """What cannot be transcribed is refused by its name, and the next call is served."""
    peer = start(scripted())
    with pytest.raises(error):
        peer.call(ask, Transcript, 10.0, payload)
    good = Transcribe(language="en-GB")
    assert peer.call(good, Transcript, 10.0, SECOND).text == "1000 milliseconds of audio"


def test_final_goes_before_partial(start: Start) -> None:
    """While a final transcript is made, a partial is refused and another final waits its turn."""
    peer = start(scripted(cost_ms=2_000))
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.connect(peer.endpoint)
        asks = [Transcribe(), Transcribe(final=False), Transcribe()]
        for label, ask in zip((b"0", b"1", b"2"), asks, strict=True):
            socket.send_multipart([label, b"", encode(ask), SECOND])
        answers: dict[bytes, Message] = {}
        while len(answers) < len(asks):
            assert socket.poll(10_000)
            label, _, header = socket.recv_multipart()[:3]
            answers[label] = decode(header)
    assert isinstance(answers[b"0"], Transcript)
    refused = answers[b"1"]
    assert isinstance(refused, Refusal)
    assert refused.code == "overloaded"
    assert isinstance(answers[b"2"], Transcript)


def test_broken_model_ends_readiness(start: Start) -> None:
    """Three failures in a row, and the instance says that it is not ready and why."""
    peer = start(scripted(fault='"raise"'))
    for _ in range(3):
        with pytest.raises(EngineError):
            peer.call(Transcribe(), Ok, 10.0, SECOND)
    assert eventually(lambda: not peer.call(Probe(), Health, 5.0).instance.ready)
    assert "in a row" in peer.call(Probe(), Health, 5.0).instance.reason


def test_hang_is_visible(start: Start) -> None:
    """A hung model is past its budget, while probes are answered."""
    peer = start(
        "[asr]\nbudget_ms = 10\nbudget_real_time_factor = 0\n" + scripted(fault='"hang"')[6:]
    )
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.connect(peer.endpoint)
        socket.send_multipart([b"1", b"", encode(Transcribe()), SECOND])

        def hung() -> bool:
            health = peer.call(Probe(), Health, 5.0)
            return health.doing == "transcribe" and health.busy_ms > health.budget_ms

        assert eventually(hung)


LOUD = (b"\x00\x20" * 8 + b"\x00\xe0" * 8) * 1_000
"""A second of a square wave as loud as a person."""


def test_model_that_recovers_is_ready_again(start: Start) -> None:
    """Three transcripts and one canned request went wrong; the next canned request does not."""
    peer = start(scripted(fault='"raise"', fault_lasts=4))
    for _ in range(3):
        with pytest.raises(EngineError):
            peer.call(Transcribe(), Ok, 10.0, SECOND)
    assert peer.call(Probe(), Health, 5.0).failure == "work"
    assert eventually(lambda: peer.call(Probe(), Health, 5.0).instance.ready)
    health = peer.call(Probe(), Health, 5.0)
    assert (health.failure, health.work.failed) == ("", 4)


def test_model_that_hears_nothing_is_put_to_proof(start: Start) -> None:
    """Loud audio without a word, three times: ready until the canned request goes wrong as well."""
    peer = start(scripted(texts='[""]', fault='"raise"', fault_after=3))
    for _ in range(3):
        assert peer.call(Transcribe(), Transcript, 10.0, LOUD).text == ""
    assert peer.call(Probe(), Health, 5.0).instance.ready
    assert eventually(lambda: peer.call(Probe(), Health, 5.0).failure == "work", 30.0)
    assert peer.call(Probe(), Health, 5.0).work.failed == 3


def test_model_that_rightly_hears_nothing_stays_ready(start: Start) -> None:
    """The proof succeeds: music is no speech, and nothing is held against the engine."""
    peer = start(scripted(texts='[""]'))
    for _ in range(3):
        peer.call(Transcribe(), Transcript, 10.0, LOUD)
    before = peer.call(Probe(), Health, 5.0).instance.items_done
    assert eventually(lambda: peer.call(Probe(), Health, 5.0).instance.items_done > before)
    health = peer.call(Probe(), Health, 5.0)
    assert (health.instance.ready, health.work.failed) == (True, 0)


def test_model_proves_itself_when_asked(start: Start) -> None:
    """The real engine transcribes its clip again, between calls."""
    peer = start('[asr]\nengine = "auto"\n')
    assert "understood" in peer.call(ProveWork(), Proof, 10.0).detail


def test_transcript_is_written_as_people_write(start: Start) -> None:
    """Whatever the engine: script, numbers and spaces; words keep pace with the text."""
    texts = '["今天 是 二零二六年 三月 五號 ,  我 用 iPhone"]'
    peer = start(scripted(texts=texts, languages='["zh"]'))
    heard = peer.call(Transcribe(language="zh"), Transcript, 10.0, SECOND)
    assert heard.text == "今天是2026年3月5号，我用 iPhone"
    assert "".join(word.text for word in heard.words) == heard.text.replace(" ", "")


def test_command_of_a_grammar_is_not_rewritten(start: Start) -> None:
    """The caller gets the words of its own grammar; dictation gets figures."""
    peer = start(scripted(texts='["what is fifteen plus two"]'))
    command = peer.call(Transcribe(grammar=canned.GRAMMAR), Transcript, 10.0, SECOND)
    dictated = peer.call(Transcribe(), Transcript, 10.0, SECOND)
    assert command.text == "what is fifteen plus two"
    assert dictated.text == "what is 15 plus two"
