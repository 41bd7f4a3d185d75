"""How long a text will take, as `say` shows it, and the formats that it knows."""

import pytest
import soundfile

from streamtalk.cli.forecast import Forecast
from streamtalk.cli.speech_output import chosen_format
from streamtalk.proto.audio import SPEECH_RATE_HZ
from streamtalk.proto.errors import ConfigError, InputError
from streamtalk.proto.state import SynthesisState

pytestmark = pytest.mark.unit


def told(pieces: int, made_s: float, expected_s: float) -> SynthesisState:
    """What the voice tells of the first pieces."""
    return SynthesisState(
        answer="a",
        attempt=0,
        pieces=pieces,
        pieces_made=0,
        made_samples=round(made_s * SPEECH_RATE_HZ),
        expected_samples=round(expected_s * SPEECH_RATE_HZ),
        piece=0,
    )


def test_forecast_goes_by_the_length_of_the_text_at_first() -> None:
    """Before the voice tells anything: longer text is longer, a doubled rate halves it."""
    pieces = ["x" * 100, "y" * 100]
    assert Forecast(pieces, 1.0).length_s == pytest.approx(14.0)
    assert Forecast(pieces, 2.0).length_s == pytest.approx(7.0)
    assert Forecast(["字" * 100], 1.0).length_s == pytest.approx(21.0)


def test_forecast_takes_what_the_voice_expects_for_the_rest_as_well() -> None:
    """Of what is not ordered yet it assumes the same pace."""
    forecast = Forecast(["x" * 100, "y" * 300], 1.0)
    forecast.hear(told(1, 2.0, 10.0))
    assert (forecast.made_s, forecast.length_s) == pytest.approx((2.0, 40.0))
    assert not forecast.exact


def test_forecast_is_exact_when_all_is_made() -> None:
    """The replies decide, whatever a late state says; without any state they are enough."""
    forecast = Forecast(["x" * 100, "y" * 100], 1.0)
    forecast.answered(3 * SPEECH_RATE_HZ)
    assert forecast.length_s == pytest.approx(6.0)
    forecast.answered(4 * SPEECH_RATE_HZ)
    forecast.hear(told(2, 5.0, 30.0))
    assert (forecast.exact, forecast.length_s) == (True, 7.0)


@pytest.mark.parametrize(
    "out,named,chosen",
    [
        ("a.wav", None, "wav"),
        ("A.MP3", None, "mp3"),
        ("a.txt", "flac", "flac"),
        ("-", None, "wav"),
        ("-", "RAW", "raw"),
    ],
)
def test_format_is_what_is_named_else_what_the_name_says(
    out: str, named: str | None, chosen: str
) -> None:
    """A pipe without a word about it is WAV."""
    assert chosen_format(out, named) == chosen


@pytest.mark.parametrize(
    "out,named", [("a.ogg", None), ("a", None), ("a.wav", "aiff"), (".", None)]
)
def test_format_that_is_unknown_is_wrong_usage(out: str, named: str | None) -> None:
    """The error lists those there are."""
    with pytest.raises(ConfigError, match="wav, flac, mp3, raw"):
        chosen_format(out, named)


def test_format_that_an_old_library_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libsndfile before 1.1 has no MP3: the error says what would do instead."""
    monkeypatch.setattr(soundfile, "check_format", lambda name, _subtype: name != "MP3")
    with pytest.raises(InputError, match="write wav or flac"):
        chosen_format("a.mp3", None)
    assert chosen_format("a.flac", None) == "flac"
