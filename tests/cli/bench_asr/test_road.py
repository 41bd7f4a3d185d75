"""Recordings go the product's way to a transcript, on a clock that the test sets."""

import pytest

from streamtalk.asr.streaming.decoder import TimedWord
from streamtalk.asr.streaming.scripted import Cost
from streamtalk.cli.bench_asr.recognisers import VirtualRecogniser
from streamtalk.cli.bench_asr.road import Road
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.proto.recognition import Transcribe, Transcript

pytestmark = pytest.mark.unit

MS = 1_000_000
CHUNK_S = 0.032


class Deaf:
    """Takes its time, and remembers what it was asked."""

    def __init__(self, took_ms: int, text: str = "hello") -> None:
        self.took_ns = took_ms * MS
        self.text = text
        self.asked: list[tuple[int, int, bool]] = []
        self.voices: list[float] = []

    def hear(
        self, from_sample: int, to_sample: int, *, final: bool, voice: float = 1.0
    ) -> tuple[Transcript, int]:
        """The same of everything."""
        self.voices += [voice] * final
        self.asked.append((from_sample, to_sample, final))
        Transcribe(from_sample=from_sample, to_sample=to_sample)
        found = Transcript(
            text=self.text, final=final, language="en", confidence=1.0,
            rejected="" if self.text else "silence", audio_ms=1.0, compute_ms=1.0,
        )  # fmt: skip
        return found, self.took_ns


def probabilities(*stretches: tuple[float, float]) -> list[float]:
    """Pairs of (seconds, probability), chunk by chunk."""
    return [p for length_s, p in stretches for _ in range(round(length_s / CHUNK_S))]


ONE_TURN = ((1.0, 0.0), (2.0, 1.0), (1.0, 0.0))


def test_turn_is_transcribed_at_its_pause() -> None:
    """One utterance: partials while it lasts, one final, committed, with its latency."""
    recogniser = Deaf(50)
    road = Road(recogniser)
    (turn,) = road.run(probabilities(*ONE_TURN))
    assert (turn.text, turn.dropped, turn.final_ms) == ("hello", "", 50.0)
    finals = [ask for ask in recogniser.asked if ask[2]]
    assert len(finals) == road.account.finals == 1
    assert road.account.partials == len(turn.shown) > 3
    assert all(a[0] == finals[0][0] for a in recogniser.asked)


def test_recogniser_is_told_how_sure_voice_activity_was() -> None:
    """A final comes with the best probability of what was said."""
    recogniser = Deaf(50)
    Road(recogniser).run(probabilities((1.0, 0.0), (0.3, 0.7), (0.1, 0.8), (1.0, 0.0)))
    assert recogniser.voices == [0.8]


def test_busy_recogniser_is_not_asked_for_partials() -> None:
    """A partial that takes a second keeps the next ones away, and the final waits for it."""
    recogniser = Deaf(1_500)
    road = Road(recogniser)
    (turn,) = road.run(probabilities(*ONE_TURN))
    assert road.account.partials == 2
    assert turn.final_ms is not None
    assert turn.final_ms > 1_500


def test_noise_is_dropped_with_its_reason() -> None:
    """An empty transcript is no turn, and says why."""
    (turn,) = Road(Deaf(10, "")).run(probabilities(*ONE_TURN))
    assert (turn.text, turn.dropped) == ("", "silence")


def test_pause_within_a_turn_asks_again_for_all_of_it() -> None:
    """300 ms of silence are transcribed, and again with what follows: it is one turn."""
    recogniser = Deaf(10)
    stretches = ((1.0, 0.0), (1.0, 1.0), (0.3, 0.0), (1.0, 1.0), (1.0, 0.0))
    turns = Road(recogniser, HearingConfig(partial_every_ms=0)).run(probabilities(*stretches))
    assert len(turns) == 1
    assert [ask[0] for ask in recogniser.asked] == [recogniser.asked[0][0]] * 2


def test_nobody_speaks() -> None:
    """Silence asks for nothing."""
    recogniser = Deaf(10)
    assert Road(recogniser).run([0.0] * 100) == []
    assert recogniser.asked == []


def test_streaming_costs_the_tail_and_not_the_segment() -> None:
    """The same words in both modes; the streamed final is much the sooner, every time alike."""
    words = [TimedWord(f" w{n}", 16_000 + 5_000 * n, 20_000 + 5_000 * n) for n in range(30)]
    heard = probabilities((1.0, 0.0), (9.4, 1.0), (1.0, 0.0))
    found = {}
    for streamed in (True, False):
        config = HearingConfig() if streamed else HearingConfig(partial_every_ms=0)
        runs = [
            Road(VirtualRecogniser(words, Cost(), streamed=streamed), config).run(heard)
            for _ in range(2)
        ]
        assert runs[0] == runs[1]
        (found[streamed],) = runs[0]
    assert found[True].text == found[False].text == " ".join(f"w{n}" for n in range(30))
    assert (found[True].final_ms or 0) * 3 < (found[False].final_ms or 0)
