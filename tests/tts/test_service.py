"""The `tts` process on real sockets: credit, turns among sessions, cancel, failure, drain."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import espeakng_loader
import msgpack
import numpy as np
import pytest
import zmq

from streamtalk.client.peer import Peer
from streamtalk.client.sink import Sink
from streamtalk.proto.errors import (
    DeadlineError,
    EngineError,
    MalformedError,
    OverloadedError,
    SessionError,
)
from streamtalk.proto.health import Metrics, MetricsText, Proof, ProveWork
from streamtalk.proto.message import Ok
from streamtalk.proto.playback import Finish, Hold, Play
from streamtalk.proto.state import Frontier, PlaybackState
from streamtalk.proto.synthesis import Cancel, ListVoices, Speak, Spoken, Voices
from tests.support.recorder import eventually
from tests.tts.conftest import Voice

pytestmark = pytest.mark.process

StartVoice = Callable[..., Voice]
PLENTY = 1 << 40


def order(text: str = "Hello, how are you?", piece: int = 0, **fields: object) -> Speak:
    """An order of session `s`, with credit for all of it."""
    values = {"session": "s", "answer": "a", "credit_samples": PLENTY, **fields}
    return Speak(text=text, piece=piece, **values)  # type: ignore[arg-type]


def states(voice: Voice, sink: Sink) -> Callable[[], bool]:
    """Publishes the sink's state and takes what is heard; true when all was played."""

    def step() -> bool:
        while (heard := voice.hear(0.0)) is not None:
            sink.accept(*heard)
        while sink.pull(0):
            pass
        voice.tell(sink.state(0))
        return sink.ended is not None

    return step


def test_voice_speaks_to_a_program_without_our_code(start_voice: StartVoice) -> None:
    """A plain REQ socket and plain MessagePack get marks and, on the bus, the whole speech."""
    voice = start_voice(ENGINE="espeak")
    socket = voice.context.socket(zmq.REQ)
    socket.connect(voice.endpoint)
    text = "The weather is fine. 天气很好。"
    request = {
        "type": "speak",
        "session": "s",
        "answer": "a",
        "piece": 0,
        "text": text,
        "credit_samples": PLENTY,
    }
    socket.send(msgpack.packb(request))
    assert socket.poll(10_000)
    reply = msgpack.unpackb(socket.recv())
    socket.close()
    pcm, headers = voice.hear_piece()
    assert reply["type"] == "spoken"
    assert len(pcm) == 2 * reply["total_samples"] == 2 * (headers[-1].total_samples or 0)
    assert np.abs(np.frombuffer(pcm, "<i2")).max() > 3_000
    assert text[reply["marks"][1]["char"] :].startswith("weather")
    assert all(header.sample % 480 == 0 for header in headers)


def test_voice_sends_no_further_than_the_sink_wants(start_voice: StartVoice) -> None:
    """Beyond the credit nothing comes until the sink's state wants it; then all of it does."""
    voice = start_voice(ENGINE="scripted", ENGINES__SCRIPTED__PIECE_MS="5000")
    assert voice.peer.call(order(credit_samples=4_800), Spoken, 5.0).total_samples == 120_000
    heard = voice.hear()
    assert heard is not None
    assert len(heard[1]) == 9_600
    assert voice.hear(0.3) is None
    sink = Sink()
    for call in (Hold, Play):
        sink.obey(call(session="s", term=1, answer="a"), 0)
    sink.obey(Finish(session="s", term=1, answer="a", pieces=1), 0)
    sink.accept(*heard)
    assert eventually(states(voice, sink))


def test_voice_sends_again_what_was_lost(start_voice: StartVoice) -> None:
    """A sink that hears nothing of what was sent gets it from the start."""
    voice = start_voice(ENGINE="scripted", ENGINES__SCRIPTED__PIECE_MS="1000")
    voice.peer.call(order(), Spoken, 5.0)
    lost, _ = voice.hear_piece()
    nothing = Frontier(
        answer="a", attempt=0, have_piece=0, have_sample=0, want_piece=0, want_sample=24_000
    )
    state = PlaybackState(term=1, mic_sample=0, playing=None, held=[nothing])

    def heard_again() -> bool:
        voice.tell(state)
        return voice.subscriber.poll(100) != 0

    assert eventually(heard_again)
    again, headers = voice.hear_piece()
    assert again == lost
    assert headers[0].sample == 0


def test_voice_makes_turns_among_sessions(start_voice: StartVoice) -> None:
    """A short order of one session does not wait for a long one of another."""
    voice = start_voice(
        ENGINE="scripted",
        ENGINES__SCRIPTED__REAL_TIME_FACTOR="0.2",
        ENGINES__SCRIPTED__MS_PER_CHAR="100",
    )
    replies: list[str] = []

    def speak(session: str, text: str) -> None:
        with Peer(voice.context, voice.endpoint) as peer:
            peer.call(order(text, session=session), Spoken, 60.0)
            replies.append(session)

    long = threading.Thread(target=speak, args=("s", "x" * 40))
    long.start()
    assert voice.hear() is not None
    speak("t", "x" * 4)
    assert replies == ["t"]
    long.join()
    assert replies == ["t", "s"]


def test_voice_stops_on_cancel(start_voice: StartVoice) -> None:
    """A cancelled order is refused at once, and the engine is free for the next."""
    voice = start_voice(
        ENGINE="scripted",
        ENGINES__SCRIPTED__REAL_TIME_FACTOR="1.0",
        ENGINES__SCRIPTED__CHUNK_MS="100",
    )
    errors: list[SessionError] = []

    def speak() -> None:
        with Peer(voice.context, voice.endpoint) as peer:
            try:
                peer.call(order("x" * 1_000), Spoken, 60.0)
            except SessionError as error:
                errors.append(error)

    long = threading.Thread(target=speak)
    long.start()
    assert voice.hear() is not None
    voice.peer.call(Cancel(session="s", answer="a"), Ok, 5.0)
    long.join()
    assert "cancelled" in str(errors[0])
    assert voice.peer.call(order("hi", answer="b"), Spoken, 10.0).answer == "b"


def test_voice_has_nothing_to_say_of_punctuation(start_voice: StartVoice) -> None:
    """A piece without a word is made at once, with no sound, and the sink is told so."""
    voice = start_voice(ENGINE="espeak")
    assert voice.peer.call(order("... !"), Spoken, 5.0).total_samples == 0
    pcm, headers = voice.hear_piece()
    assert pcm == b""
    assert headers[0].total_samples == 0


def test_voice_repeats_its_reply(start_voice: StartVoice) -> None:
    """The same order again gets the same reply and no second audio; another text is refused."""
    voice = start_voice(ENGINE="espeak")
    first = voice.peer.call(order(), Spoken, 5.0)
    voice.hear_piece()
    assert voice.peer.call(order(), Spoken, 5.0) == first
    assert (voice.health().work.done, voice.health().work.recent) == (1, 1)
    assert voice.hear(0.2) is None
    with pytest.raises(MalformedError, match="another text"):
        voice.peer.call(order("Something else"), Spoken, 5.0)


def test_voice_that_goes_mute_is_no_longer_ready(start_voice: StartVoice) -> None:
    """Silence where words are is an error, and three in a row take the readiness away."""
    voice = start_voice(
        ENGINE="scripted", ENGINES__SCRIPTED__FAULT="silence", ENGINES__SCRIPTED__FAULT_SKIPS="1"
    )
    for piece in range(3):
        assert voice.health().instance.ready
        with pytest.raises(EngineError, match="silence"):
            voice.peer.call(order("go mute", piece), Spoken, 5.0)
    health = voice.health()
    assert not health.instance.ready
    assert "silence" in health.instance.reason
    assert (health.work.done, health.work.failed) == (0, 3)


def test_voice_answers_probes_while_its_engine_hangs(start_voice: StartVoice) -> None:
    """Past the budget of the order the instance says itself that it hangs."""
    voice = start_voice(
        ENGINE="scripted",
        BUDGET_MS="100",
        BUDGET_MS_PER_CHAR="1",
        ENGINES__SCRIPTED__FAULT="hang",
        ENGINES__SCRIPTED__FAULT_TEXT="hang",
    )
    caller = voice.context.socket(zmq.DEALER)
    caller.connect(voice.endpoint)
    caller.send_multipart(
        [
            b"",
            msgpack.packb(
                {"type": "speak", "session": "s", "answer": "a", "piece": 0, "text": "hang"}
            ),
        ]
    )
    assert eventually(lambda: not voice.health().instance.live)
    assert voice.health().budget_ms == 104.0
    caller.close()


def test_voice_lists_its_voices(start_voice: StartVoice) -> None:
    """English and Chinese are among the voices of eSpeak, and advertised."""
    voice = start_voice(ENGINE="auto")
    voices = voice.peer.call(ListVoices(), Voices, 5.0).voices
    instance = voice.health().instance
    assert {"en-us", "cmn"} <= {item.name for item in voices}
    assert instance.engine == "espeak"
    assert {"en", "zh"} <= set(instance.languages)


def test_voice_finishes_what_it_began_before_it_leaves(start_voice: StartVoice) -> None:
    """SIGTERM lets a piece that is being made be made and sent; then the process ends by itself."""
    voice = start_voice(ENGINE="scripted", ENGINES__SCRIPTED__REAL_TIME_FACTOR="0.3")
    replies: list[Spoken] = []

    def speak() -> None:
        with Peer(voice.context, voice.endpoint) as peer:
            replies.append(peer.call(order("x" * 50), Spoken, 30.0))

    caller = threading.Thread(target=speak)
    caller.start()
    heard = voice.hear()
    assert heard is not None
    voice.process.send_signal(signal.SIGTERM)
    pcm, _ = voice.hear_piece()
    caller.join()
    assert len(heard[1]) + len(pcm) == 2 * replies[0].total_samples
    assert voice.process.wait(10) == 0


def test_espeak_finds_its_data_behind_a_long_path(tmp_path: Path) -> None:
    """The library's own limit on paths does not show, however deep the environment lies."""
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    data = deep / "espeak-ng-data"
    data.symlink_to(espeakng_loader.get_data_path())
    program = (
        "import sys, espeakng_loader\n"
        "espeakng_loader.get_data_path = lambda: sys.argv[1]\n"
        "from streamtalk.tts.engines.espeak_library import open_library\n"
        "library = open_library()\n"
        "library.choose('en-us')\n"
        "library.synthesise('hi', 175, lambda pcm, _: not print(pcm.size), end_pause=False)\n"
    )
    command = [sys.executable, "-c", program, str(data)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sum(map(int, result.stdout.split())) > 2_000


def test_voice_that_finds_itself_again_is_ready_again(start_voice: StartVoice) -> None:
    """Mute for three pieces and one canned request, it proves itself with the next one."""
    voice = start_voice(
        ENGINE="scripted",
        ENGINES__SCRIPTED__FAULT="silence",
        ENGINES__SCRIPTED__FAULT_SKIPS="1",
        ENGINES__SCRIPTED__FAULT_LASTS="4",
    )
    for piece in range(3):
        with pytest.raises(EngineError, match="silence"):
            voice.peer.call(order("go mute", piece), Spoken, 5.0)
    assert voice.health().failure == "work"
    assert eventually(lambda: voice.health().instance.ready)
    health = voice.health()
    assert (health.failure, health.work.done, health.work.failed) == ("", 0, 4)
    voice.peer.call(order("well again", 3), Spoken, 5.0)
    assert voice.health().work.done == 1


def test_voice_proves_itself_when_asked(start_voice: StartVoice) -> None:
    """It says its word and for how long it could be heard; no listener hears it."""
    voice = start_voice(ENGINE="scripted")
    proof = voice.peer.call(ProveWork(), Proof, 5.0)
    assert "'Ready.' audibly in 360 ms" in proof.detail
    assert voice.hear(0.2) is None


def test_voice_that_proves_itself_wrong_says_how(start_voice: StartVoice) -> None:
    """The refusal names what is wrong, and one wrong answer alone takes nothing away."""
    voice = start_voice(
        ENGINE="scripted", ENGINES__SCRIPTED__FAULT="silence", ENGINES__SCRIPTED__FAULT_SKIPS="1"
    )
    with pytest.raises(EngineError, match="no audible sound"):
        voice.peer.call(ProveWork(), Proof, 5.0)
    assert voice.health().instance.ready


def test_proof_does_not_wait_for_the_engine(start_voice: StartVoice) -> None:
    """While the engine hangs in a piece, a proof is refused at once."""
    voice = start_voice(
        ENGINE="scripted",
        ENGINES__SCRIPTED__FAULT="hang",
        ENGINES__SCRIPTED__FAULT_TEXT="hang",
    )
    with pytest.raises(DeadlineError):
        voice.peer.call(order("hang"), Spoken, 0.5)
    with pytest.raises(OverloadedError):
        voice.peer.call(ProveWork(), Proof, 5.0)


def test_voice_without_its_engine_thread_says_so(start_voice: StartVoice) -> None:
    """The socket lives on: the caller hears of it, and the instance says that it is not live."""
    voice = start_voice(
        ENGINE="scripted", ENGINES__SCRIPTED__FAULT="die", ENGINES__SCRIPTED__FAULT_TEXT="die"
    )
    for piece in range(2):
        with pytest.raises(EngineError, match="engine thread has ended"):
            voice.peer.call(order("die", piece), Spoken, 5.0)
    health = voice.health()
    assert not health.instance.live
    assert health.doing == "the engine thread has ended"
    assert health.busy_ms > health.budget_ms


def test_voice_says_again_what_it_has_said_before(start_voice: StartVoice) -> None:
    """Another answer with the same words is the same audio with the same marks, and a hit."""
    voice = start_voice(ENGINE="espeak")
    text = "Good morning, 早上好。"
    made = voice.peer.call(order(text), Spoken, 5.0)
    first, _ = voice.hear_piece()
    assert eventually(lambda: len(list((voice.run_dir.path / "cache").iterdir())) == 2)
    again = voice.peer.call(order(text, piece=3, answer="b"), Spoken, 5.0)
    second, _ = voice.hear_piece()
    assert (again.marks, again.voice, again.total_samples) == (
        made.marks,
        made.voice,
        made.total_samples,
    )
    assert len(second) == len(first)
    counted = voice.peer.call(Metrics(), MetricsText, 5.0).text
    assert 'streamtalk_tts_cache_lookups{result="hit"} 1\n' in counted
    assert 'streamtalk_tts_cache_lookups{result="miss"} 1\n' in counted


def test_voice_prepares_its_phrases(
    start_voice: StartVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is configured is in the cache before anybody wants it; nobody hears it being made."""
    config = tmp_path / "streamtalk.toml"
    config.write_text('[tts]\npreload = ["One moment.", "Sorry, say that again?"]\n', "utf-8")
    monkeypatch.setenv("STREAMTALK_CONFIG", str(config))
    voice = start_voice(ENGINE="espeak")
    assert eventually(lambda: len(list((voice.run_dir.path / "cache").iterdir())) == 3)
    assert voice.hear(0.1) is None
    voice.peer.call(order("One moment."), Spoken, 5.0)
    counted = voice.peer.call(Metrics(), MetricsText, 5.0).text
    assert 'streamtalk_tts_cache_lookups{result="hit"} 1\n' in counted


def test_voice_speaks_without_a_cache_that_cannot_be(start_voice: StartVoice) -> None:
    """A folder that cannot be made costs the cache, not the voice."""
    voice = start_voice(ENGINE="espeak", CACHE__PATH="/proc/nowhere")
    assert voice.peer.call(order(), Spoken, 5.0).total_samples > 0
