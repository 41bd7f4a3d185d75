"""The sound process is killed in mid-conversation; the person is told, answered, and heard on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
import zmq

from streamtalk.cli.talk_link import TalkLink
from streamtalk.client.peer import Peer
from streamtalk.orchestrator.notices import NOTICES
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.conversation import GetTurns, Turns
from streamtalk.proto.device import AudioStatus
from streamtalk.proto.directory import Directory, Instance, Lookup
from tests.support.questions import spoken, write_questions
from tests.support.sound_card import Samples, SoundCard, started_sound_card
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.conversation

QUESTION = "what is seven times eight"
LONG_ANSWER = "what can you do"
LOST = "microphone_lost"
AUDIBLE = 300
PATIENCE_NS = 25_000_000_000


class Person:
    """Holds a session at the sound card as `talk` does, and looks at what becomes of it."""

    def __init__(self, stack: RunningStack, link: TalkLink, folder: Path) -> None:
        self.link = link
        self._stack = stack
        self._folder = folder

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Until it holds, the session being renewed meanwhile."""
        deadline_ns = time.monotonic_ns() + PATIENCE_NS
        while not holds():
            assert time.monotonic_ns() < deadline_ns, f"{what}: {self.link.view}"
            self.link.serve(20)

    @property
    def audio(self) -> AudioStatus:
        """The devices as last told."""
        assert self.link.view.audio is not None
        return self.link.view.audio

    def is_open(self) -> bool:
        """Whether the session is held with both devices open."""
        audio = self.link.view.audio
        return (
            audio is not None
            and audio.session == self.link.session
            and audio.capture in {"open", "silent"}
            and audio.playback == "open"
        )

    def in_phase(self, phase: str, turn: int, heard_chars: int = 0) -> bool:
        """Whether the session was published to be there."""
        state = self.link.view.session
        return (
            state is not None
            and (state.phase, state.turn) == (phase, turn)
            and state.heard_chars >= heard_chars
        )

    def question(self, text: str) -> Samples:
        """The question for the microphone, silence around it."""
        path = write_questions(self._folder / "question.wav", [text], pause_s=1.0)
        samples: Samples = soundfile.read(path, dtype="int16")[0]
        return samples

    def turns(self) -> Turns:
        """The turns as the orchestrator has them."""
        return self._ask("orchestrator", GetTurns(session=self.link.session), Turns)

    def done(self, turn: int) -> bool:
        """Whether nothing goes on any more and the turn is over."""
        self.link.serve(50)
        found = self.turns()
        return found.idle and any(t.turn == turn and t.state == "done" for t in found.turns)

    def sound_service(self) -> Instance:
        """`audio_io_0` as the directory has it."""
        (found,) = (i for i in self._directory().instances if i.slot == "audio_io_0")
        return found

    def kill(self) -> tuple[int, float]:
        """End `audio_io_0` at once; returns when, and what it had told as not captured by then."""
        process = psutil.Process(self.sound_service().pid)
        process.kill()
        killed_ns = time.monotonic_ns()
        process.wait(10)
        self.link.serve(50)
        before_ms, self.link.view.audio = self.audio.uncaptured_ms, None
        return killed_ns, before_ms

    def _directory(self) -> Directory:
        with zmq.Context() as context, Peer(context, self._stack.run_dir.registry) as peer:
            return peer.call(Lookup(), Directory, 5.0)

    def _ask(self, service: str, request: GetTurns, expected: type[Turns]) -> Turns:
        (at,) = (i.endpoint for i in self._directory().instances if i.service == service)
        with zmq.Context() as context, Peer(context, at) as peer:
            return peer.call(request, expected, 5.0)


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[RunningStack, SoundCard]]:
    """A stack on a sound card of its own, with buffers that a busy machine survives."""
    with started_sound_card() as card:
        settings = {
            "MICROPHONE": card.MIC,
            "LOUDSPEAKER": card.SPEAKER,
            "ENGINES__PORTAUDIO__CAPTURE_LATENCY_MS": "80",
            "ENGINES__PORTAUDIO__PLAYBACK_LATENCY_MS": "120",
        }
        own = {f"STREAMTALK_AUDIO_IO__{name}": value for name, value in settings.items()}
        kept = {k: v for k, v in card.environment.items() if k == "ALSA_CONFIG_PATH"}
        with running_stack(**own, **kept) as found:
            yield found, card


@contextmanager
def conversation(stack: RunningStack, folder: Path, session: str) -> Iterator[Person]:
    """A person who is being listened to."""
    with TalkLink(stack.run_dir, session, "en") as link:
        person = Person(stack, link, folder)
        person.wait(person.is_open, "devices open")
        person.wait(lambda: person.in_phase("listening", 0), "listening")
        yield person


def back_after(person: Person, killed_ns: int, before_ms: float) -> None:
    """Until the devices are open again; what was not captured meanwhile is told truly."""
    person.wait(person.is_open, "devices open again")
    back_ms = (time.monotonic_ns() - killed_ns) / 1e6
    reported_ms = person.audio.uncaptured_ms - before_ms
    process_ms = person.sound_service().uptime_s * 1_000
    assert back_ms - process_ms <= reported_ms <= back_ms + 500


def ask_and_hear(person: Person, card: SoundCard, turn: int) -> None:
    """A question after all that is understood and answered to the end."""
    with card.microphone.playing(person.question(QUESTION)):
        person.wait(lambda: person.done(turn), f"turn {turn}")
    found = person.turns().turns[-1]
    assert (found.turn, found.user_text, found.error) == (turn, QUESTION, None)
    assert "56" in found.heard_text


def assert_sane(stack: RunningStack, session: str) -> None:
    """The status shows a whole stack, and the session that went on."""
    status = stack.command("status", "--json").json()
    assert all(row["live"] and row["ready"] for row in status["services"])
    assert [row["session"] for row in status["sessions"]] == [session]
    assert len(list((stack.run_dir.path / "s").glob("audio_io-*.sock"))) == 1


def loud_s(samples: Samples) -> float:
    """Seconds of 20 ms frames in which the loudspeaker was audible."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    return float(np.sum(np.abs(frames).max(axis=1) > AUDIBLE)) * 320 / MIC_RATE_HZ


def test_person_who_was_cut_off_is_told(
    scene: tuple[RunningStack, SoundCard], tmp_path: Path
) -> None:
    """Killed while the person speaks: they hear why, and the same session goes on."""
    stack, card = scene
    with conversation(stack, tmp_path, "cut-off") as person:
        with card.microphone.playing(person.question(QUESTION)):
            person.wait(lambda: person.in_phase("hearing", 1), "heard")
            killed_ns, before_ms = person.kill()
        with card.speaker.recording() as told:
            back_after(person, killed_ns, before_ms)
            person.wait(lambda: person.done(1), "told")
        (turn,) = person.turns().turns
        assert (turn.error, turn.heard_text) == (LOST, NOTICES[LOST]["en"])
        assert loud_s(told[0]) > 1.0
        ask_and_hear(person, card, turn=2)
        assert_sane(stack, "cut-off")


def test_answer_is_said_on(scene: tuple[RunningStack, SoundCard], tmp_path: Path) -> None:
    """Killed while it speaks: the rest follows, not the whole again, and a mute stays a mute."""
    stack, card = scene
    with conversation(stack, tmp_path, "said-on") as person:
        with card.microphone.playing(person.question(LONG_ANSWER)):
            person.wait(lambda: person.in_phase("speaking", 1, heard_chars=80), "speaking")
            person.link.set_microphone(muted=True)
            person.wait(lambda: person.audio.muted, "muted")
            killed_ns, before_ms = person.kill()
        with card.speaker.recording() as rest:
            back_after(person, killed_ns, before_ms)
            assert person.audio.muted
            person.wait(lambda: person.done(1), "said on")
        (turn,) = person.turns().turns
        assert (turn.user_text, turn.error, turn.interrupted) == (LONG_ANSWER, None, False)
        assert turn.heard_text == turn.reply_text
        whole_s = loud_s((spoken(turn.reply_text) * 32_767).astype(np.int16))
        assert 0.2 * whole_s < loud_s(rest[0]) < 0.8 * whole_s
        assert_sane(stack, "said-on")
        person.link.set_microphone(muted=False)
        person.wait(lambda: not person.audio.muted, "unmuted")
