"""What is told of a piece that is being made: how long it will be, and how far it is."""

import random

import pytest

from streamtalk.proto.errors import LanguageError, SessionError
from streamtalk.proto.message import Message
from streamtalk.proto.state import SynthesisState
from streamtalk.proto.synthesis import Mark, Speak, Spoken
from streamtalk.tts.pace import Pace, length
from streamtalk.tts.pieces import KeptPiece
from streamtalk.tts.progress import MARKS_TOLD, Progress

pytestmark = pytest.mark.unit

MS = 1_000_000
NEVER = 1 << 60


def order(piece: int = 0, text: str = "word", attempt: int = 0, rate: float = 1.0) -> Speak:
    """An order of session `s`."""
    return Speak(session="s", answer="a", piece=piece, text=text, attempt=attempt, rate=rate)


def spoken(samples: int, language: str = "en", marks: tuple[Mark, ...] = ()) -> Spoken:
    """A piece of this length."""
    return Spoken(
        answer="a",
        piece=0,
        total_samples=samples,
        marks=list(marks),
        language=language,
        voice="v",
        first_audio_ms=0.0,
        compute_ms=0.0,
    )


class Heard:
    """A bus that keeps the states, and the progress that publishes on it."""

    def __init__(self) -> None:
        self.states: list[SynthesisState] = []
        self.progress = Progress(self._publish)

    def _publish(self, name: bytes, message: Message, payload: bytes) -> None:
        assert (name, payload) == (b"v1.state.synthesis.s.", b"")
        assert isinstance(message, SynthesisState)
        self.states.append(message)

    @property
    def last(self) -> SynthesisState:
        """The state that was published last."""
        return self.states[-1]

    def grow(self, piece: KeptPiece, samples: int, now_ns: int) -> None:
        """The engine makes so much more."""
        before = piece.made
        piece.add(bytes(2 * samples))
        self.progress.grown(piece, before, now_ns)


def test_pace_comes_to_what_the_voice_takes() -> None:
    """After a few pieces of random length a prediction is within 2 %, at any rate."""
    pace, rng = Pace(), random.Random(7)
    for _ in range(40):
        text = "x" * rng.randint(5, 200)
        rate = rng.choice((0.5, 1.0, 2.0))
        pace.learn(order(rate=rate), text, spoken(round(1_000 * len(text) / rate)))
    for rate in (0.5, 1.0, 2.0):
        predicted = pace.expected_samples(order(rate=rate), "x" * 100, "en")
        assert predicted == pytest.approx(100_000 / rate, rel=0.02)


def test_pace_keeps_voices_and_languages_apart() -> None:
    """What one voice takes says nothing of another, or of another language."""
    pace = Pace()
    before = pace.expected_samples(order(), "x" * 50, "en")
    pace.learn(order(), "字" * 100, spoken(900_000, "zh"))
    assert pace.expected_samples(order(), "x" * 50, "en") == before
    assert pace.expected_samples(order(), "字" * 50, "zh") > 2 * before
    assert length("字a") == 4


def test_pace_forgets_the_voices_of_long_ago() -> None:
    """Any number of voices takes no more memory than 256 do."""
    pace = Pace()
    for number in range(1_000):
        speak = Speak(session="s", answer="a", piece=0, text="x", voice=str(number))
        pace.learn(speak, "x" * 100, spoken(1_000_000))
    kept = [
        Speak(session="s", answer="a", piece=0, text="x", voice=str(number)) for number in (0, 999)
    ]
    first, last = (pace.expected_samples(speak, "x" * 100, "en") for speak in kept)
    assert first < last / 2


def test_progress_tells_every_change_that_counts() -> None:
    """The order, its first sound and its end are told at once; what is between when it is time."""
    heard, piece = Heard(), KeptPiece(order())
    heard.progress.begin(piece, 2_000, 0)
    assert (heard.last.pieces, heard.last.made_samples, heard.last.expected_samples) == (1, 0, 2000)
    heard.grow(piece, 480, 5 * MS)
    assert heard.last.made_samples == 480
    heard.grow(piece, 480, 6 * MS)
    assert len(heard.states) == 2
    heard.grow(piece, 480, 106 * MS)
    assert (heard.last.made_samples, heard.last.done) == (1_440, False)
    piece.finish(spoken(1_440, marks=(Mark(sample=0, char=0),)))
    heard.progress.made(piece, 107 * MS)
    assert (heard.last.done, heard.last.expected_samples) == (True, 1_440)
    assert heard.last.marks == [Mark(sample=0, char=0)]


def test_progress_is_repeated_until_a_second_after_the_last_change() -> None:
    """Every 100 ms while something is being made, then for a second, then never."""
    heard, piece = Heard(), KeptPiece(order())
    due_ns = heard.progress.begin(piece, 2_000, 0)
    while due_ns < 3_000 * MS:
        due_ns = heard.progress.tick(due_ns)
    assert len(heard.states) == 30
    piece.finish(spoken(0))
    heard.progress.made(piece, 3_000 * MS)
    due_ns = heard.progress.tick(3_000 * MS)
    while due_ns < NEVER:
        due_ns = heard.progress.tick(due_ns)
    assert len(heard.states) == 41


def test_progress_counts_all_pieces_of_an_answer() -> None:
    """Made ones by their length, others by their estimate, which what is made never exceeds."""
    heard, first, second = Heard(), KeptPiece(order(0)), KeptPiece(order(1))
    heard.progress.begin(first, 1_000, 0)
    heard.progress.begin(second, 1_000, 0)
    heard.grow(first, 1_500, MS)
    assert (heard.last.piece, heard.last.expected_samples) == (0, 2_500)
    first.finish(spoken(1_500))
    heard.progress.made(first, 2 * MS)
    heard.grow(second, 600, 3 * MS)
    assert (heard.last.piece, heard.last.piece_samples) == (1, 600)
    assert (heard.last.pieces_made, heard.last.made_samples) == (1, 2_100)
    assert heard.last.expected_samples == 2_500


def test_progress_names_what_went_wrong() -> None:
    """The state holds the code of the piece that failed until that is ordered again."""
    heard, piece = Heard(), KeptPiece(order())
    heard.progress.begin(piece, 1_000, 0)
    heard.progress.failed(piece, LanguageError("no voice for it"), MS)
    assert (heard.last.error, heard.last.reason) == ("language", "no voice for it")
    assert not heard.last.done
    heard.progress.begin(KeptPiece(order()), 1_000, 2 * MS)
    assert heard.last.error == ""


def test_progress_tells_of_a_cancelled_answer_for_a_second() -> None:
    """Whoever waits hears of the end even where its first state is lost; then nothing is kept."""
    heard, piece = Heard(), KeptPiece(order())
    heard.progress.begin(piece, 1_000, 0)
    heard.progress.forget(("s", "a"), SessionError("cancelled"), MS)
    due_ns = heard.progress.tick(MS)
    while due_ns < NEVER:
        due_ns = heard.progress.tick(due_ns)
    assert {state.error for state in heard.states[1:]} == {"session"}
    assert len(heard.states) > 5
    heard.progress.begin(KeptPiece(order(attempt=1)), 1_000, 9_000 * MS)
    assert (heard.last.attempt, heard.last.pieces, heard.last.error) == (1, 1, "")


def test_progress_says_nothing_of_what_nobody_follows() -> None:
    """Pieces that were ordered without it leave no trace."""
    heard, piece = Heard(), KeptPiece(order())
    heard.grow(piece, 480, 0)
    heard.progress.made(piece, MS)
    heard.progress.forget(("s", "a"), SessionError("gone"), 2 * MS)
    assert heard.progress.tick(3 * MS) > NEVER
    assert heard.states == []


def test_progress_tells_a_bounded_number_of_marks() -> None:
    """A state stays small however long the piece is: its last words are in it."""
    heard, piece = Heard(), KeptPiece(order())
    heard.progress.begin(piece, 1_000, 0)
    piece.add_marks([Mark(sample=number, char=number) for number in range(4_000)])
    heard.grow(piece, 480, MS)
    assert len(heard.last.marks) == MARKS_TOLD
    assert heard.last.marks[-1].char == 3_999
