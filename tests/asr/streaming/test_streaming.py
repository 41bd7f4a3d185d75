"""Local agreement: committed text stays, windows stay short, the final is the offline text."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.asr.streaming.decoder import Decoding, Samples, TimedWord
from streamtalk.asr.streaming.streamer import Progress, Streamer

pytestmark = pytest.mark.unit

RATE_HZ = 16_000
_SYLLABLES = ["ba", "ke", "mo", "ti", "su", "la", "ne", "ro"]


def monologue(seconds: float, seed: int) -> list[TimedWord]:
    """Words of 150 to 600 ms with pauses between them, some ending a sentence."""
    rng = np.random.default_rng(seed)
    words: list[TimedWord] = []
    at = 1_600
    while True:
        length = int(rng.integers(2_400, 9_600))
        if at + length > seconds * RATE_HZ:
            return words
        name = "".join(rng.choice(_SYLLABLES, 3)) + ("." if rng.random() < 0.15 else "")
        words.append(TimedWord(f" {name}", at, at + length))
        at += length + int(rng.integers(0, 3_200))


@dataclass
class ListeningDecoder:
    """Hears the words that lie in the window; samples hold their own position, so it finds them.

    A word that the end of the window cuts is heard wrongly, and times are off by up to `jitter`.
    """

    words: list[TimedWord]
    jitter: int = 0
    calls: int = 0
    longest: int = 0
    prompts: list[str] = field(default_factory=list)

    def decode(self, samples: Samples, *, prompt: str, language: str, final: bool) -> Decoding:
        """The words between the first and the last position that `samples` hold."""
        del language, final
        self.calls += 1
        self.longest = max(self.longest, len(samples))
        self.prompts.append(prompt)
        begin = round(float(samples[0])) if len(samples) else 0
        end = begin + len(samples)
        shift = (self.calls * 7 % (2 * self.jitter + 1)) - self.jitter if self.jitter else 0
        heard = []
        for word in self.words:
            if word.from_sample >= end or word.from_sample < begin:
                continue
            text = word.text if word.to_sample <= end else f" cut{self.calls}"
            start = max(0, word.from_sample - begin + shift)
            heard.append(
                TimedWord(text, start, max(start, min(word.to_sample, end) - begin + shift))
            )
        return Decoding(tuple(heard), "en")


def positions(samples: int) -> Samples:
    """Audio in which each sample is its own position; exact in float32 up to 2**24."""
    return np.arange(samples, dtype=np.float32)


def follow(streamer: Streamer, samples: int, cuts: list[int]) -> list[Progress]:
    """Partials at each cut, then the final."""
    audio = positions(samples)
    found = [streamer.partial(audio[:cut]) for cut in sorted(cuts) if 0 < cut < samples]
    return [*found, streamer.final(audio)]


@given(
    seconds=st.floats(1.0, 50.0),
    seed=st.integers(0, 10_000),
    steps=st.lists(st.integers(800, 32_000), min_size=1, max_size=80),
    jitter=st.integers(0, 1_200),
)
def test_final_equals_the_offline_text_at_any_chunking(
    seconds: float, seed: int, steps: list[int], jitter: int
) -> None:
    """No word is lost or doubled, wherever partials were made."""
    words = monologue(seconds, seed)
    samples = round(seconds * RATE_HZ)
    cuts = np.cumsum(steps).tolist()
    decoder = ListeningDecoder(words, jitter)
    found = follow(Streamer(decoder), samples, cuts)
    assert found[-1].text == "".join(word.text for word in words).strip()
    assert found[-1].stable_chars == len(found[-1].text)


@given(seed=st.integers(0, 10_000), steps=st.lists(st.integers(1_600, 16_000), max_size=60))
def test_committed_text_never_changes(seed: int, steps: list[int]) -> None:
    """What was stable once begins every later text."""
    words = monologue(20.0, seed)
    stable = ""
    for progress in follow(
        Streamer(ListeningDecoder(words, 800)), 320_000, np.cumsum(steps).tolist()
    ):
        assert progress.text.startswith(stable)
        assert len(stable) <= progress.stable_chars
        stable = progress.text[: progress.stable_chars]


def test_window_stays_short_in_a_monologue_of_ten_minutes() -> None:
    """The decoder never gets more than a few seconds, and at the end only the tail."""
    decoder = ListeningDecoder(monologue(600.0, 1))
    follow(Streamer(decoder), 600 * RATE_HZ, list(range(4_800, 600 * RATE_HZ, 4_800)))
    assert decoder.longest < 4 * RATE_HZ


def test_window_begins_with_the_text_before_it_as_prompt() -> None:
    """The decoder is told what was said just before its window, at most 200 characters of it."""
    words = monologue(30.0, 2)
    decoder = ListeningDecoder(words)
    follow(Streamer(decoder, prompt="Names: Ada."), 480_000, list(range(8_000, 480_000, 8_000)))
    assert decoder.prompts[0] == "Names: Ada."
    said = "".join(word.text for word in words)
    assert decoder.prompts[-1][-40:] in said
    assert max(map(len, decoder.prompts)) <= 200


def test_opening_of_the_language_stands_in_for_a_prompt() -> None:
    """Once the language is known, at once where it was given; a prompt is stronger."""
    words = monologue(6.0, 5)
    openings = {"en": "Hello, there."}
    found, given, prompted = (ListeningDecoder(words) for _ in range(3))
    follow(Streamer(found, openings=openings), 96_000, [32_000, 64_000])
    follow(Streamer(given, "en", openings=openings), 96_000, [])
    follow(Streamer(prompted, "en", "Names: Ada.", openings), 96_000, [])
    assert [prompt.partition(".")[0] for prompt in found.prompts][:2] == ["", "Hello, there"]
    assert (given.prompts, prompted.prompts) == (["Hello, there."], ["Names: Ada."])


def test_final_without_partials_is_decoded_in_windows_that_the_model_can_hear() -> None:
    """A whole minute at once: no window is longer than 30 s, and no word is lost between two."""
    words = monologue(60.0, 3)
    decoder = ListeningDecoder(words)
    progress = Streamer(decoder).final(positions(960_000))
    assert progress.text == "".join(word.text for word in words).strip()
    assert decoder.longest <= 30 * RATE_HZ
