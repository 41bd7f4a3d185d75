"""The judge of the failover test sees what was skipped, said twice, and how long nothing was."""

import numpy as np
import pytest

from streamtalk.cli.failover.cuts import reply_text, summary
from streamtalk.cli.failover.reading import Run, Sound, judge, read
from streamtalk.tts.letters import say

pytestmark = pytest.mark.unit

TEXT = "abc def, ghij klm."
LOUD_RMS = 4_600.0


def _sound(text: str, *, loud: bool = False, seed: int = 3) -> Sound:
    audio, _ = say(text, seed, 0.3 if loud else 0.1)
    return (audio * 32_767).astype(np.int16)


def _silence(ms: int) -> Sound:
    return np.zeros(24 * ms, np.int16)


def _spelt(runs: list[Run]) -> str:
    return "".join(run.letter for run in runs)


@pytest.mark.parametrize("seed", range(20))
def test_every_letter_is_read_back(seed: int) -> None:
    """Whatever its length, and wherever it stands between the windows."""
    text = reply_text(seed)
    sound = np.concatenate([_silence(seed), _sound(text, seed=seed)])
    assert _spelt(read(sound, LOUD_RMS)) == "".join(c for c in text if c.isalpha())


def test_letter_that_was_held_up_is_one_letter() -> None:
    """A loudspeaker that ran dry in the middle of a tone has not said it twice."""
    tone = _sound("a")
    half = tone.size // 2
    assert _spelt(read(np.concatenate([tone[:half], _silence(200), tone[half:]]), LOUD_RMS)) == "a"


def test_verdict_of_a_perfect_hand_over() -> None:
    """The second voice goes on where the first one ended."""
    parts = [_sound("abc "), _silence(270), _sound("def, ghij klm.", loud=True)]
    verdict = judge(TEXT, read(np.concatenate(parts), LOUD_RMS))
    assert (verdict.voices, verdict.skipped, verdict.repeated) == ((0, 1), 0, 0)
    assert 300 <= verdict.gap_ms <= 320
    assert not verdict.garbled


@pytest.mark.parametrize(
    "first, second, skipped, repeated, in_word, in_clause",
    [
        ("abc de", "def, ghij klm.", 0, 2, True, True),
        ("abc de", "abc def, ghij klm.", 0, 5, False, True),
        ("abc def, ghi", "def, ghij klm.", 0, 6, False, False),
        ("abc d", "ghij klm.", 2, 0, True, True),
        ("abc def, ", "ghij k", 2, 0, True, True),
    ],
)
def test_verdict_of_what_was_said_twice_or_not_at_all(
    first: str, second: str, skipped: int, repeated: int, in_word: bool, in_clause: bool
) -> None:
    """A test that cannot fail would be worth nothing: each mistake is seen, and of which size."""
    parts = [_sound(first), _sound(second, loud=True)]
    verdict = judge(TEXT, read(np.concatenate(parts), LOUD_RMS))
    assert (verdict.skipped, verdict.repeated) == (skipped, repeated)
    assert (verdict.within_word, verdict.within_clause) == (in_word, in_clause)


def test_verdict_of_what_is_not_in_the_text() -> None:
    """Sound that spells something else is no answer."""
    verdict = judge(TEXT, read(_sound("zyx"), LOUD_RMS))
    assert verdict.garbled
    assert verdict.skipped == 13


def test_summary_counts_only_answers_that_changed_hands() -> None:
    """Gaps of answers that one voice spoke are none."""
    row = {
        "voices": (0,),
        "skipped": 0,
        "repeated": 0,
        "within_word": True,
        "within_clause": True,
        "gap_ms": 0.0,
        "garbled": False,
    }
    over = {**row, "voices": (0, 1), "gap_ms": 300.0, "within_word": False, "repeated": 4}
    found = summary({"exact": True, "rows": [row, over, over]})
    assert (found["handed_over"], found["gap_p50_ms"], found["repeated_too_much"]) == (2, 300.0, 2)
    assert summary({"exact": False, "rows": [over]})["repeated_too_much"] == 0
