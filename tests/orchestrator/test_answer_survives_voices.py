"""Whatever voices die and whenever: what was played is the whole answer, with little said twice.

The real splitter, the real answer and the real sink; only the voice is made here. Each sample of
its audio is the number of the word that it belongs to, so that what was played reads like a text.
"""

from collections import deque
from itertools import groupby, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.client.sink import Sink
from streamtalk.orchestrator.answer import (
    Answer,
    AnswerAction,
    FinishAnswer,
    RetakeAnswer,
    SpeakPiece,
)
from streamtalk.orchestrator.heard import estimate_marks
from streamtalk.proto.frames import Speech
from streamtalk.proto.playback import Finish, Play, Retake, Retaken
from streamtalk.proto.state import Frontier
from streamtalk.proto.synthesis import Mark, Spoken

pytestmark = pytest.mark.unit

CHUNK = 2_400
REPEATED_SAMPLES = 3 * 24_000
"""A clause: nothing is said again that began longer ago."""


class Voice:
    """Makes the audio of pieces for one answer, and sends it by credit."""

    def __init__(self, word_samples: int | None) -> None:
        self.word_samples = word_samples
        self.audio: dict[int, bytes] = {}
        self.attempt = 0

    def make(self, answer: Answer, order: SpeakPiece) -> Spoken:
        """The audio of one piece, and what is told of it."""
        if order.attempt != self.attempt:
            self.audio, self.attempt = {}, order.attempt
        marks = self._marks(order.text)
        starts = [answer.pieces[order.number].start + mark.char + 1 for mark in marks[:-1]]
        lengths = np.diff([mark.sample for mark in marks])
        self.audio[order.number] = np.repeat(np.array(starts, "<i2"), lengths).tobytes()
        return Spoken(
            answer=answer.answer,
            piece=order.number,
            total_samples=marks[-1].sample,
            marks=marks[:-1],
            language="en",
            voice="v",
            first_audio_ms=1.0,
            compute_ms=1.0,
        )

    def _marks(self, text: str) -> list[Mark]:
        """Where words begin, and the end."""
        units = estimate_marks(text, 1 << 20)
        total = self._total(text, len(units))
        chars = [mark.char for mark in units]
        if self.word_samples is None:
            return [*estimate_marks(text, total), Mark(sample=total, char=len(text))]
        samples = [self.word_samples * n for n in range(len(chars))]
        found = [Mark(sample=s, char=c) for s, c in zip(samples, chars, strict=True)]
        return [*found, Mark(sample=total, char=len(text))]

    def _total(self, text: str, words: int) -> int:
        return words * self.word_samples if self.word_samples else 1_600 * len(text)

    def send(self, sink: Sink, frontier: Frontier) -> None:
        """Send the next chunk that the sink wants."""
        number, at = frontier.have_piece, frontier.have_sample
        pcm = self.audio.get(number)
        if pcm is None or frontier.attempt != self.attempt:
            return
        part = pcm[2 * at : 2 * (at + CHUNK)]
        total = len(pcm) // 2 if 2 * at + len(part) >= len(pcm) else None
        header = Speech(
            answer=frontier.answer,
            piece=number,
            sample=at,
            attempt=self.attempt,
            total_samples=total,
        )
        sink.accept(header, part)


class Scene:
    """An answer on its way, one event at a time."""

    def __init__(self, text: str, word_samples: int | None) -> None:
        self.text = text
        self.answer = Answer("a")
        self.sink = Sink()
        self.voice = Voice(word_samples)
        self.told: deque[AnswerAction] = deque()
        self.orders: deque[SpeakPiece] = deque()
        self.results: deque[tuple[Spoken, int]] = deque()
        self.heard = bytearray()
        self.at = 0
        self.losses = 0
        self.sink.obey(Play(session="s", term=1, answer="a"), 0)

    @property
    def ended(self) -> bool:
        """Whether the sink has played everything."""
        return self.sink.state(0).ended == "a"

    def write(self) -> None:
        """The next characters of the reply."""
        delta = self.text[self.at : self.at + 17]
        self.at += len(delta)
        self._do(self.answer.add_text(delta) if delta else self.answer.end_text())

    def tell(self) -> None:
        """The next order reaches sink or voice."""
        if not self.told:
            return
        action = self.told.popleft()
        if isinstance(action, SpeakPiece):
            self.orders.append(action)
        elif isinstance(action, RetakeAnswer):
            self.orders.clear()
            self.results.clear()
            reply = self.sink.obey(
                Retake(
                    session="s",
                    term=1,
                    answer="a",
                    piece=action.piece,
                    sample=action.sample,
                    attempt=action.attempt,
                ),
                0,
            )
            assert isinstance(reply, Retaken)
            self._do(self.answer.on_retaken(reply.piece, reply.sample))
        elif isinstance(action, FinishAnswer):
            self.sink.obey(Finish(session="s", term=1, answer="a", pieces=action.pieces), 0)

    def make(self) -> None:
        """The voice makes the next piece that it was asked for."""
        if self.orders:
            order = self.orders.popleft()
            if order.attempt == self.answer.attempt:
                self.results.append((self.voice.make(self.answer, order), order.attempt))

    def result(self) -> None:
        """What the voice tells of the piece arrives."""
        if self.results:
            self._do(self.answer.on_spoken(*self.results.popleft()))

    def send(self) -> None:
        """Audio arrives at the sink."""
        for frontier in self.sink.state(0).held:
            ahead = frontier.want_piece, frontier.want_sample
            if (frontier.have_piece, frontier.have_sample) < ahead:
                self.voice.send(self.sink, frontier)

    def play(self) -> None:
        """100 ms of playing."""
        for _ in range(5):
            self.heard += self.sink.pull(0) or b""

    def state(self) -> None:
        """The sink's state reaches the answer."""
        self._do(self.answer.on_playback(self.sink.state(0)))

    def lose(self) -> None:
        """The voice is gone, with all that it had not sent."""
        self.losses += 1
        self._do(self.answer.lose_voice("voice"))

    def go_on(self, *, told_first: bool) -> None:
        """Everything works, once each."""
        self.write()
        for _ in range(4):
            self.tell()
        self.make()
        if told_first:
            self.result()
        self.send()
        self.send()
        self.play()
        self.result()
        self.state()

    def _do(self, actions: list[AnswerAction]) -> None:
        for action in actions:
            if isinstance(action, SpeakPiece):
                self.answer.asked(action.number, "voice")
            self.told.append(action)


def _runs(heard: bytearray) -> list[tuple[int, int]]:
    """(number of the word, samples) as they were played, padding left out."""
    samples = np.frombuffer(bytes(heard), "<i2")
    return [(int(word), len(list(run))) for word, run in groupby(samples[samples != 0])]


def _lengths(text: str, word_samples: int | None) -> dict[int, int]:
    """Shortest length of each word that counts as said in full."""
    return {m.char + 1: word_samples or 1_600 for m in estimate_marks(text, 1 << 20)}


WORDS = st.lists(
    st.sampled_from(["one", "twenty", "a", "seven,", "now.", "yes!", "ok?", "remarkable", "so:"]),
    min_size=1,
    max_size=60,
)
STEPS = st.lists(
    st.sampled_from(
        ["write", "tell", "make", "result", "send", "send", "play", "play", "state", "lose", "go"]
    ),
    max_size=150,
)


@given(WORDS, st.integers(1_000, 9_000), STEPS)
def test_lost_voices_leave_no_hole(words: list[str], word_samples: int, steps: list[str]) -> None:
    """Every word is said to its end, in order, and after a loss at most a clause again."""
    scene = _run(" ".join(words), word_samples, steps)
    _assert_whole(scene, word_samples)


@given(WORDS, STEPS)
def test_voice_that_tells_late_leaves_no_hole(words: list[str], steps: list[str]) -> None:
    """A voice of usual speed that dies before it has told its marks loses no word either."""
    scene = _run(" ".join(words), None, steps)
    said = [word for word, _ in _runs(scene.heard)]
    assert sorted(set(said)) == sorted(_lengths(scene.text, None))


def _run(text: str, word_samples: int | None, steps: list[str]) -> Scene:
    scene = Scene(text, word_samples)
    told_first = word_samples is not None
    for step in steps:
        if step == "go":
            scene.go_on(told_first=told_first)
        elif step == "make" and told_first:
            scene.make()
            scene.result()
        elif not (step == "lose" and scene.ended):
            getattr(scene, step)()
    for _ in range(4_000):
        if scene.ended:
            break
        scene.go_on(told_first=told_first)
    assert scene.ended
    return scene


def _assert_whole(scene: Scene, word_samples: int) -> None:
    runs = _runs(scene.heard)
    words = sorted(_lengths(scene.text, word_samples))
    said = {word for word, samples in runs if samples >= word_samples}
    assert said == set(words)
    back = [(a, b) for (a, _), (b, _) in pairwise(runs) if b <= a]
    assert len(back) <= scene.losses
    for before, after in back:
        again = words.index(before) - words.index(after) + 1
        assert again * word_samples <= max(REPEATED_SAMPLES, 2 * word_samples)
