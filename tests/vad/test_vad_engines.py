"""What every voice activity engine must do."""

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest

from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError, EngineMissingError
from streamtalk.runtime.burn import burn
from streamtalk.runtime.engine_table import create_engine
from streamtalk.vad.canned import check_engine, voice
from streamtalk.vad.config import ScriptedSettings, SileroSettings, VadEngines
from streamtalk.vad.engine import AUTO, ENGINES, VadEngine
from streamtalk.vad.engines.scripted import ScriptedEngine
from streamtalk.vad.engines.silero import SileroEngine
from streamtalk.vad.tracker import CHUNK_SAMPLES

pytestmark = pytest.mark.contract

SLOTS = 8


def _chunks(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    noise = np.random.default_rng(seed).normal(0, 0.02, MIC_RATE_HZ)
    audio = np.concatenate([noise, voice() * (0.3 + 0.1 * seed), noise]).astype(np.float32)
    usable = len(audio) // CHUNK_SAMPLES * CHUNK_SAMPLES
    return audio[:usable].reshape(-1, CHUNK_SAMPLES)


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> VadEngine:
    """Each engine of the table, loaded with its default settings."""
    made: VadEngine = create_engine(
        "vad", ENGINES, request.param, getattr(VadEngines(), request.param)
    )
    made.load(SLOTS)
    return made


def test_engine_answers_the_canned_request(engine: VadEngine) -> None:
    """A machine-made voice is speech, silence is not."""
    check_engine(engine)


def test_engine_gives_one_probability_per_slot(engine: VadEngine) -> None:
    """Whatever the audio, each row gets a number between 0 and 1."""
    loud = np.random.default_rng(1).uniform(-1, 1, (SLOTS, CHUNK_SAMPLES)).astype(np.float32)
    found = engine.judge(range(SLOTS), loud)
    assert len(found) == SLOTS
    assert all(0.0 <= probability <= 1.0 for probability in found)


def test_batched_sessions_do_not_touch_each_other(engine: VadEngine) -> None:
    """Three sessions judged together get what each gets alone."""
    audio = [_chunks(seed) for seed in range(3)]
    together = [
        engine.judge([5, 0, 2], np.stack([each[turn] for each in audio]))
        for turn in range(len(audio[0]))
    ]
    for row, slot in enumerate([1, 6, 7]):
        own = [engine.judge([slot], chunk[None])[0] for chunk in audio[row]]
        assert [found[row] for found in together] == pytest.approx(own, abs=1e-3)


def test_reset_slot_forgets(engine: VadEngine) -> None:
    """After a reset the same audio gets the same probabilities again."""
    chunks = _chunks(1)
    first = [engine.judge([3], chunk[None])[0] for chunk in chunks]
    engine.reset(3)
    assert [engine.judge([3], chunk[None])[0] for chunk in chunks] == pytest.approx(first)


def test_every_engine_has_settings_of_its_name() -> None:
    """Configuration and table name the same engines, and `auto` is one of them."""
    assert {field.name for field in msgspec.structs.fields(VadEngines)} == set(ENGINES)
    assert AUTO in ENGINES


def test_missing_model_file_is_named(tmp_path: Path) -> None:
    """A configured path without a file is told with the key that names it."""
    engine = SileroEngine(SileroSettings(model=str(tmp_path / "no.onnx")))
    with pytest.raises(EngineMissingError, match=r"no\.onnx.*vad\.engines\.silero\.model"):
        engine.load(1)


def test_canned_request_finds_a_deaf_engine() -> None:
    """An engine that never hears speech is not let through."""
    engine = ScriptedEngine(ScriptedSettings(cost_ms=0, threshold_db=20.0))
    engine.load(1)
    with pytest.raises(EngineError, match="a voice was judged"):
        check_engine(engine)


def test_script_says_when_speech_is() -> None:
    """With a script the audio does not matter, only the time since the slot's start."""
    engine = ScriptedEngine(ScriptedSettings(cost_ms=0, speech_s=((0.064, 0.128),)))
    engine.load(1)
    silence = np.zeros((1, CHUNK_SAMPLES), np.float32)
    assert [engine.judge([0], silence)[0] for _ in range(6)] == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("hold_gil", [True, False])
def test_scripted_cost_is_thread_time(hold_gil: bool) -> None:
    """The cost is CPU time of the calling thread, so a busy machine does not shorten it."""
    before_s = time.thread_time()
    burn(20.0, hold_gil=hold_gil)
    assert time.thread_time() - before_s >= 0.020


def test_silero_runs_without_torch() -> None:
    """The model is loaded by its path: the package that would import torch stays unimported."""
    code = (
        "import sys; from streamtalk.vad.config import SileroSettings;"
        "from streamtalk.vad.engines.silero import SileroEngine;"
        "SileroEngine(SileroSettings()).load(1);"
        "print({'torch', 'silero_vad'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
