"""What every turn engine must do."""

import math
import subprocess
import sys

import msgspec
import pytest

from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import EngineError
from streamtalk.runtime.engine_table import create_engine
from streamtalk.turn.config import ScriptedSettings, TurnEngines
from streamtalk.turn.engine import AUTO, ENGINES, TurnEngine
from streamtalk.turn.engines.scripted import ScriptedEngine
from streamtalk.turn.service import check_prediction

pytestmark = pytest.mark.contract


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> TurnEngine:
    """Each engine of the table, loaded with its default settings."""
    settings = getattr(TurnEngines(), request.param)
    made: TurnEngine = create_engine("turn", ENGINES, request.param, settings)
    made.load()
    return made


@pytest.mark.parametrize("text", ["", "what time is it", "and then the", "你好", "x" * 4_000])
def test_engine_answers_within_its_ranges(engine: TurnEngine, text: str) -> None:
    """Any text gets a probability, a silence and one of the four labels."""
    prediction = engine.predict(Predict(text=text, silence_ms=300.0))
    assert 0.0 <= prediction.finished <= 1.0
    assert 0.0 <= prediction.commit_after_ms <= 2_000.0
    assert prediction.label in {"finished", "unfinished", "backchannel", "wait"}


def test_engine_says_what_it_judges_by(engine: TurnEngine) -> None:
    """Callers may skip the transcript of an engine that does not use it."""
    assert set(engine.features) & {"uses_text", "uses_audio"}


def test_every_engine_has_settings_of_its_name() -> None:
    """Configuration and table name the same engines, and `auto` is one of them."""
    assert {field.name for field in msgspec.structs.fields(TurnEngines)} == set(ENGINES)
    assert AUTO in ENGINES


def test_scripted_engine_answers_its_script() -> None:
    """Texts of the script are unfinished, all others are what was configured."""
    engine = ScriptedEngine(ScriptedSettings(finished=0.9, unfinished=("and so",)))
    assert engine.predict(Predict(text="and so", silence_ms=0)).label == "unfinished"
    assert engine.predict(Predict(text="hello", silence_ms=0)).finished == 0.9


def test_rules_do_without_numpy() -> None:
    """The service that uses rules stays small: nothing it imports brings in numpy."""
    modules = "streamtalk.turn.service, streamtalk.turn.engines.rules"
    code = f"import sys, {modules}; print('numpy' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


@pytest.mark.parametrize(
    "finished, commit_after_ms", [(math.nan, 1.0), (1.5, 1.0), (0.5, math.inf), (0.5, -1.0)]
)
def test_prediction_that_is_none_is_an_error(finished: float, commit_after_ms: float) -> None:
    """A broken model computes no numbers, or such that nobody could wait for."""
    with pytest.raises(EngineError, match="the model is broken"):
        check_prediction(
            Prediction(finished=finished, commit_after_ms=commit_after_ms, label="finished")
        )
