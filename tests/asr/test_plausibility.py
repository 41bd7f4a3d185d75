"""Whether what an engine says it heard can be true at all."""

import math

import numpy as np
import pytest

from streamtalk.asr.engine import Heard
from streamtalk.asr.loudness import to_pcm
from streamtalk.asr.plausibility import check_heard, is_deaf
from streamtalk.proto.errors import EngineError
from streamtalk.proto.recognition import Word

pytestmark = pytest.mark.unit

LOUD = to_pcm(np.full(16_000, 0.1, np.float32))
NOTHING = Heard("", "en", 0.0)


@pytest.mark.parametrize("confidence", [math.nan, math.inf, -1.0, 1.5])
def test_confidence_that_is_none_is_an_error(confidence: float) -> None:
    """A broken model computes no numbers, or such that are no probability."""
    with pytest.raises(EngineError, match="confidence"):
        check_heard(Heard("yes", "en", confidence))


@pytest.mark.parametrize("start, end", [(-1, 5), (9, 8)])
def test_word_that_ends_before_it_begins_is_an_error(start: int, end: int) -> None:
    """Positions are samples of the audio."""
    word = Word(text="yes", from_sample=start, to_sample=end, confidence=1.0)
    with pytest.raises(EngineError, match="before it begins"):
        check_heard(Heard("yes", "en", 1.0, words=(word,)))


def test_confidence_a_little_over_one_is_none() -> None:
    """Sums of logarithms are rounded."""
    check_heard(Heard("yes", "en", 1.0004))


def test_loud_audio_without_a_word_is_deafness() -> None:
    """Whether no reason is given, or that it was silence."""
    assert is_deaf(NOTHING, LOUD)
    assert is_deaf(Heard("", "en", 0.0, "silence"), LOUD)


@pytest.mark.parametrize(
    "heard, pcm",
    [
        (Heard("yes", "en", 0.9), LOUD),
        (Heard("", "en", 0.2, "grammar"), LOUD),
        (NOTHING, bytes(32_000)),
        (NOTHING, LOUD[: 2 * 160 * 40]),
    ],
)
def test_engine_is_not_called_deaf_without_ground(heard: Heard, pcm: bytes) -> None:
    """Words, words that were rejected, silence, and a click are as they should be."""
    assert not is_deaf(heard, pcm)
