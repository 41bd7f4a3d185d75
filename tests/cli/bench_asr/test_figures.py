"""How the figures of `bench asr` come about: error rates, manifests, halves, draws."""

from pathlib import Path

import numpy as np
import pytest

from streamtalk.asr.score import ErrorRate
from streamtalk.asr.streaming.decoder import TimedWord
from streamtalk.asr.streaming.scripted import Cost
from streamtalk.asr.trust.judge import Limits, Sound
from streamtalk.cli.bench_asr.accuracy import interval, score, table
from streamtalk.cli.bench_asr.material import Clip
from streamtalk.cli.bench_asr.measuring import lines, summary
from streamtalk.cli.bench_asr.recordings import Row, rows
from streamtalk.cli.bench_asr.scripts import Script
from streamtalk.cli.bench_asr.streaming import talk_for
from streamtalk.cli.bench_asr.trust import GRID, Case, fix, judged
from streamtalk.cli.bench_asr.whisper_like import CLOSING, draw, words_for
from streamtalk.proto.errors import InputError

pytestmark = pytest.mark.unit

SPEECH = Sound(range_db=25.0, loud_s=3.0)
HUM = Sound(range_db=2.0, loud_s=3.0)


@pytest.mark.parametrize(
    "language, reference, heard, errors, units",
    [
        ("en", "It's ten o'clock.", "it's 10 o'clock", 0, 3),
        ("en-GB", "one two three", "one three", 1, 3),
        ("zh", "你好，世界。", "你好世间", 1, 4),
        ("zh", "我有3个", "我有 3 个", 0, 4),
        ("zh-CN", "用GPU跑", "用gpu跑", 0, 5),
    ],
)
def test_errors_are_counted_in_the_unit_of_the_language(
    language: str, reference: str, heard: str, errors: int, units: int
) -> None:
    """Case, punctuation and spelled numbers are no errors; Chinese is compared by character."""
    found = score(language, reference, heard)
    assert (found.language, found.rate) == (language[:2], ErrorRate(errors, units))


def test_interval_is_the_same_every_time_and_holds_the_rate() -> None:
    """A bootstrap over recordings with a fixed seed; of equal recordings it has no width."""
    rates = [ErrorRate(errors, 10) for errors in (0, 1, 2, 5, 9)]
    low, high = interval(rates)
    assert (low, high) == interval(rates)
    assert low < 17 / 50 < high
    assert interval([ErrorRate(1, 4)] * 6) == (0.25, 0.25)


def test_table_has_a_row_for_each_language_and_one_for_all() -> None:
    """The total pools words and characters, and says so."""
    found = table([score("en", "a b", "a c"), score("zh", "你好", "你好")])
    assert [(r["language"], r["errors"], r["units"]) for r in found] == [
        ("en", 1, 2), ("zh", 0, 2), ("total", 1, 4),
    ]  # fmt: skip
    assert found[2]["unit"] == "word or character"


def test_manifest_names_the_line_that_is_none(tmp_path: Path) -> None:
    """A missing manifest and a bad line are errors that say where."""
    with pytest.raises(InputError, match="no manifest"):
        rows(tmp_path)
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.wav"}\n\nnonsense\n')
    with pytest.raises(InputError, match="line 3"):
        rows(tmp_path)
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.wav", "language": "en", "x": 1}\n')
    assert rows(tmp_path) == [Row("a.wav", language="en")]


def test_nothing_measured_is_shown() -> None:
    """An engine that refuses every language has a table all the same."""
    found = {"engine": "none", **summary([]), "refused_languages": {"zh": 2}, "failed": {}}
    assert any("refused languages: {'zh': 2}" in line for line in lines([found]))


def test_draws_are_the_same_every_time() -> None:
    """An output depends on the name and the number alone."""
    assert draw("a", 1, 2.0, None) == draw("a", 1, 2.0, None)
    drawn = [draw("a", number, 2.0, None) for number in range(200)]
    assert {output.text for output in drawn} > set(CLOSING)
    assert draw("a", 1, 2.0, "What was said").text == "What was said"
    assert 10 < len(words_for(None, "en", 2.0)) < 40


def test_halves_hang_on_names_alone() -> None:
    """Two recordings of one name are in one half; both halves get some."""
    quiet = np.zeros(16, np.int16)
    halves = {Clip(f"n{number}", quiet, spoken=True).half for number in range(20)}
    assert halves == {"fixing", "reporting"}
    assert Clip("x", quiet, spoken=True).half == Clip("x", quiet, spoken=False).half


def _cases() -> list[Case]:
    quiet = np.zeros(16, np.int16)
    noise, voice = Clip("n", quiet, spoken=False), Clip("v", quiet, spoken=True)
    return [
        *(Case(noise, draw("n", k, 3.0, None), HUM, silent=False) for k in range(80)),
        *(Case(voice, draw("v", k, 3.0, "What I said"), SPEECH, silent=False) for k in range(80)),
        Case(noise, draw("n", 0, 3.0, None), HUM, silent=True),
    ]


def test_fixed_limits_are_no_worse_than_the_first() -> None:
    """Mistakes on the half that they were fixed on can only become fewer."""
    cases = _cases()
    before, after = judged(cases, Limits()), judged(cases, fix(cases, GRID))
    assert after["invented"] + after["rejected"] <= before["invented"] + before["rejected"]
    assert (before["without_speech"], before["with_speech"]) == (81, 80)
    assert before["reasons"]["silence"] == 1


def test_window_and_work_do_not_grow_with_the_talk() -> None:
    """Ten minutes without a pause: the decoder never gets more than a few seconds."""
    words = tuple(TimedWord(f" w{n}", 4_800 * n, 4_800 * n + 4_000) for n in range(33))
    found = talk_for([Script("s", "exact", np.zeros(16, np.int16), words)], 600.0, Cost())
    assert found["words"] > 1_900
    assert found["longest_window_s"] < 3.0
