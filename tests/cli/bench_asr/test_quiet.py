"""Somebody quiet is handed on with the doubt that voice activity has, and nothing is dropped."""

import numpy as np
import pytest

from streamtalk.asr.engine import Heard, Speech
from streamtalk.cli.bench_asr.material import Clip
from streamtalk.cli.bench_asr.quiet import answers, made_echoes, quiet_words
from streamtalk.cli.bench_asr.recordings import Ears
from tests.support.recordings import AUDIO_DIR

pytestmark = pytest.mark.contract

CHUNK_S = 0.032


def _dictate(speech: Speech) -> Heard:
    del speech
    return Heard("yes", "en", 1.0)


def test_quiet_words_of_people_are_all_handed_on() -> None:
    """Words at -36 dBFS: of some voice activity is not sure, and none that it told is dropped."""
    if not (AUDIO_DIR / "manifest.jsonl").is_file():
        pytest.skip(f"no recordings at {AUDIO_DIR}")
    ears, words = Ears(), quiet_words(AUDIO_DIR)
    heard = {clip.name: ears.probabilities(clip.samples) for clip in words}
    found = answers("words", _dictate, words, heard, "")
    told = sum(row["told"] for row in found)
    assert told > 0.8 * len(words) > 20
    assert sum(row["handed_on"] for row in found) == told
    assert 0 < sum(row["unsure"] for row in found) < told / 2


def test_words_are_counted_as_understood_in_their_half() -> None:
    """Told, unsure and right each count by themselves; what was not told counts once."""
    pause, word = [0.0] * round(1 / CHUNK_S), [0.8] * round(0.4 / CHUNK_S)
    samples = np.zeros(32_000, np.int16)
    clips = [
        Clip(n, samples, spoken=True, transcript=text) for n, text in (("a", "yes"), ("b", "no"))
    ]
    found = answers("words", _dictate, clips, {"a": [*pause, *word], "b": pause}, "")
    sums = {key: sum(row[key] for row in found) for key in found[0] if key not in ("row", "half")}
    assert sums == {
        "clips": 2, "told": 1, "handed_on": 1, "unsure": 1, "understood": 1, "understood_unsure": 1,
    }  # fmt: skip


def test_made_echo_is_the_same_each_time_and_of_its_recording() -> None:
    """Bursts with silence around, in the half of what they were made of."""
    voice = np.random.default_rng(1).normal(0, 3_000, 48_000).astype(np.int16)
    clip = Clip("v", voice, spoken=True)
    first, again = made_echoes(clip), made_echoes(clip)
    assert all((a.samples == b.samples).all() for a, b in zip(first, again, strict=True))
    assert {(echo.spoken, echo.half) for echo in first} == {(False, clip.half)}
    assert all(0.05 < (echo.samples != 0).mean() < 0.5 for echo in first)
