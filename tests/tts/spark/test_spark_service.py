"""The `tts` service with Spark-TTS: what it said before is not made again."""

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("mlx.core")

from streamtalk.proto.health import Metrics, MetricsText
from streamtalk.proto.synthesis import Speak, Spoken
from tests.support.recorder import eventually
from tests.tts.conftest import Voice

pytestmark = pytest.mark.process

StartVoice = Callable[..., Voice]
TEXT = "Good morning."


def spark_settings(model: str, voices: Path) -> dict[str, str]:
    """Environment of a service with this model, whose pieces are short."""
    values = {
        "MODEL": model,
        "PRECISION": "fp32",
        "VOICES_DIR": str(voices),
        "TOKENS_PER_CHAR": "0.5",
        "LEAST_TOKENS": "20",
    }
    return {
        "ENGINE": "spark_mlx",
        **{f"ENGINES__SPARK_MLX__{key}": value for key, value in values.items()},
        # Two busy cores without a GPU: late, but not hung.
        "BUDGET_MS": "60000",
    }


def say(voice: Voice, answer: str) -> Spoken:
    """One piece of session `s`."""
    order = Speak(session="s", answer=answer, piece=0, text=TEXT, credit_samples=1 << 40)
    return voice.peer.call(order, Spoken, 60.0)


def test_piece_is_made_once(start_voice: StartVoice, tiny: Path, tmp_path: Path) -> None:
    """The second answer has the marks and the length of the first, and is a hit."""
    voice = start_voice(**spark_settings(str(tiny), tmp_path))
    made = say(voice, "a")
    first, _ = voice.hear_piece()
    assert eventually(lambda: len(list((voice.run_dir.path / "cache").iterdir())) == 2)
    again = say(voice, "b")
    second, _ = voice.hear_piece()
    assert (again.marks, again.estimated, again.voice, again.total_samples) == (
        made.marks,
        made.estimated,
        made.voice,
        made.total_samples,
    )
    assert len(first) == len(second)
    counted = voice.peer.call(Metrics(), MetricsText, 5.0).text
    assert 'streamtalk_tts_cache_lookups{result="hit"} 1\n' in counted
    assert 'streamtalk_tts_cache_lookups{result="miss"} 1\n' in counted
