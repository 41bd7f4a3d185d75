"""`auto` takes the largest model that is quick enough here, and remembers what it measured."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.whisper import auto, machine
from streamtalk.asr.whisper.choice import LIMIT_MS, MODELS, choose, cost_ms
from streamtalk.asr.whisper.machine import remember, remembered
from streamtalk.asr.whisper.speed import Speed
from streamtalk.proto.errors import EngineMissingError

pytestmark = pytest.mark.unit

SPEEDS = st.builds(Speed, st.floats(0.01, 1e5), st.floats(0.001, 1e3))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "user_cache_dir", lambda: tmp_path)


@pytest.mark.parametrize(
    "encode_ms, token_ms, model",
    [
        (2_000.0, 10.0, "tiny"),
        (600.0, 3.0, "tiny"),
        (400.0, 3.0, "base"),
        (5.0, 0.5, "large-v3-turbo"),
    ],
)
def test_model_follows_from_the_speed(encode_ms: float, token_ms: float, model: str) -> None:
    """From a machine that is too slow for any to a card that does a window in 5 ms."""
    choice = choose(Speed(encode_ms, token_ms))
    assert choice is not None
    assert choice.model == model


@given(SPEEDS)
def test_choice_is_the_best_that_is_quick_enough(speed: Speed) -> None:
    """What is better is too slow; what was chosen is not, unless all are."""
    choice = choose(speed)
    assert choice is not None
    names = list(MODELS)
    place = names.index(choice.model)
    assert all(cost_ms(name, speed) > LIMIT_MS for name in names[place + 1 :])
    assert choice.cost_ms <= LIMIT_MS or place == 0


@given(SPEEDS, st.sets(st.sampled_from([*MODELS, "mine"])))
def test_only_what_there_is_is_chosen(speed: Speed, models: set[str]) -> None:
    """The best of those, and nothing where there is none that is known."""
    choice = choose(speed, sorted(models))
    assert (choice is None) == (not models & set(MODELS))
    assert choice is None or choice.model in models


def test_reason_names_what_was_not_chosen() -> None:
    """A person sees what a larger one would cost."""
    choice = choose(Speed(300.0, 3.0))
    assert choice is not None
    assert choice.reason == (
        "base is expected to take 0.7 s after the pause here, small 2.6 s"
    )  # fmt: skip
    lacking = choose(Speed(100.0, 1.0), ["tiny"])
    assert lacking is not None
    assert lacking.reason.endswith("base 0.2 s, but is not on this machine")
    slow = choose(Speed(3_000.0, 3.0))
    assert slow is not None
    assert slow.reason.startswith("none stays within 1 s")


def test_speed_is_remembered_for_its_conditions() -> None:
    """Other threads, another speed; rubbish in the file is none."""
    one = auto.conditions(FasterWhisperSettings(), 1)
    assert remembered(one) is None
    remember(one, Speed(300.0, 3.0))
    assert remembered(one) == Speed(300.0, 3.0)
    assert remembered(auto.conditions(FasterWhisperSettings(mode="fast"), 1)) is None
    machine._path().write_text("{")
    assert remembered(one) is None


def test_best_of_what_is_here_is_used() -> None:
    """Where the wish is not here: the next best; where nothing is: how to bring the wish."""
    settings = FasterWhisperSettings(model="auto")
    remember(auto.conditions(settings, 1), Speed(100.0, 1.0))
    wish = auto.wanted(settings, 1)
    assert wish is not None
    assert wish.model == "small"
    here = {"tiny", "base", "medium"}
    assert auto.best_here(settings, 1, here.__contains__).model == "base"
    with pytest.raises(EngineMissingError, match="streamtalk fetch asr --model small"):
        auto.best_here(settings, 1, lambda _: False)


def test_machine_is_measured_once() -> None:
    """The real library on the shape of `tiny`; the second time it is only read."""
    pytest.importorskip("ctranslate2", reason="needs streamtalk[whisper]")
    settings = FasterWhisperSettings(model="auto", mode="fast")
    first = auto.measure_and_choose(settings, 1)
    assert first.model in MODELS
    again = auto.wanted(settings, 1)
    assert again is not None
    assert again.model == first.model
    assert again.cost_ms == pytest.approx(first.cost_ms, rel=0.01)
