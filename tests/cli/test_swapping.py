"""`swap` while nobody talks: the new one comes up beside the old one, or nothing changes."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.recorder import eventually
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.process

SLOW_ENGINE = '''
"""An engine that takes for ever to load."""

import time
from pathlib import Path


class Engine:
    """Says when it began to load, then loads for a minute."""

    features = ()

    def __init__(self, settings):
        """Takes no settings."""

    def load(self):
        """Load slowly."""
        Path(__file__).with_name("loading").touch()
        time.sleep(60)
'''


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose services can import an engine of somebody's own."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "slow_engine.py").write_text(SLOW_ENGINE)
    with running_stack(PYTHONPATH=str(folder)) as found:
        yield found


def _of(stack: RunningStack, service: str) -> list[tuple[str, str, str]]:
    rows = [row for row in stack.services().values() if row["service"] == service]
    return [(row["slot"], row["engine"], row["state"]) for row in rows]


def _overlays(stack: RunningStack, service: str) -> list[str]:
    return sorted(path.name for path in stack.run_dir.slots.glob(f"{service}_*.toml*"))


def test_swap_leaves_exactly_the_new_one_active(stack: RunningStack) -> None:
    """There and back: each time one instance, with the engine that was asked for."""
    (before,) = _of(stack, "turn")
    done = stack.command("swap", "turn", "--engine", "scripted")
    assert done.code == 0, done.err
    ((slot, engine, state),) = _of(stack, "turn")
    assert (engine, state, slot != before[0]) == ("scripted", "active", True)
    assert [f"{slot}.toml"] == _overlays(stack, "turn")
    assert stack.command("swap", "turn", "--engine", "auto").code == 0
    ((_, engine, state),) = _of(stack, "turn")
    assert (engine, state) == ("rules", "active")


def test_cold_swap_ends_the_same_way(stack: RunningStack) -> None:
    """Where memory does not hold both, the old one leaves first."""
    done = stack.command("swap", "tts", "--engine", "scripted", "--cold")
    assert done.code == 0, done.err
    assert [engine for _, engine, _ in _of(stack, "tts")] == ["scripted"]
    assert stack.command("swap", "tts", "--engine", "espeak").code == 0
    assert [engine for _, engine, _ in _of(stack, "tts")] == ["espeak"]


@pytest.mark.parametrize("mode", [(), ("--cold",)])
def test_failed_swap_changes_nothing(stack: RunningStack, mode: tuple[str, ...]) -> None:
    """A model that is not there: the reason, exit 1, the old engine and no overlay."""
    before, overlays = _of(stack, "vad"), _overlays(stack, "vad")
    done = stack.command("swap", "vad", "--set", "engines.silero.model=/nowhere.onnx", *mode)
    assert (done.code, "/nowhere.onnx" in done.err) == (1, True)
    assert before == _of(stack, "vad")
    assert overlays == _overlays(stack, "vad")


@pytest.mark.parametrize(
    "arguments, named",
    [
        (("tts", "--engine", "espek"), "espeak"),
        (("tts", "--set", "engines.espeak.words_per_minut=200"), "words_per_minute"),
        (("tts", "--set", "engines.espeak.words_per_minute=fast"), "words_per_minute"),
        (("tts", "--set", "nonsense"), "KEY=VALUE"),
        (("bus",), "vad, turn, asr, tts"),
    ],
)
def test_wrong_usage_starts_nothing(
    stack: RunningStack, arguments: tuple[str, ...], named: str
) -> None:
    """Exit 2 with the key or the choices, and every process stays as it was."""
    before = {slot: row["pid"] for slot, row in stack.services().items()}
    done = stack.command("swap", *arguments)
    assert (done.code, named in done.err) == (2, True)
    assert before == {slot: row["pid"] for slot, row in stack.services().items()}


def test_dry_run_only_says_what_would_happen(stack: RunningStack) -> None:
    """The engine, the slots, the overlay; nothing is started."""
    before = _of(stack, "turn")
    done = stack.command("swap", "turn", "--engine", "scripted", "--dry-run")
    assert (done.code, 'engine = "scripted"' in done.out) == (0, True)
    assert before == _of(stack, "turn")


@pytest.mark.parametrize("mode, number", [((), signal.SIGINT), (("--cold",), signal.SIGTERM)])
def test_interrupted_swap_leaves_exactly_one_active(
    stack: RunningStack, mode: tuple[str, ...], number: signal.Signals
) -> None:
    """Ctrl-C while the new model loads: the old one works, the new one is gone."""
    engine = _of(stack, "turn")[0][1]
    overlays = _overlays(stack, "turn")
    mark = Path(stack.environment["PYTHONPATH"]) / "loading"
    mark.unlink(missing_ok=True)
    line = ("swap", "turn", "--engine", "slow_engine:Engine", *mode)
    with stack.spawn(*line) as process:
        assert eventually(mark.exists, timeout_s=60.0)
        process.send_signal(number)
        process.communicate(timeout=90)
    assert process.returncode != 0
    assert [(engine, "active")] == [(name, state) for _, name, state in _of(stack, "turn")]
    assert overlays == _overlays(stack, "turn")
