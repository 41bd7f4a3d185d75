"""Whatever is killed while a swap is under way, exactly one instance is active in the end."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from tests.support.recorder import eventually
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.process

GATED_ENGINE = '''
"""An engine that loads until it is let through."""

import time
from pathlib import Path

from streamtalk.turn.config import TurnConfig
from streamtalk.turn.engines.rules import RulesEngine


class Engine(RulesEngine):
    """Says that it loads, then waits for a file."""

    def __init__(self, settings):
        """Takes no settings."""
        super().__init__(TurnConfig().engines.rules)

    def load(self):
        """Load when the gate is open."""
        here = Path(__file__).parent
        (here / "loading").touch()
        while not (here / "gate").exists():
            time.sleep(0.02)
'''
PATIENCE_S = 60.0


class Scene:
    """A stack, the gate of its slow engine, and one swap."""

    def __init__(self, stack: RunningStack, folder: Path) -> None:
        self.stack = stack
        self._folder = folder
        for name in ("loading", "gate"):
            (folder / name).unlink(missing_ok=True)

    def swap(self, *options: str) -> subprocess.Popen[str]:
        """Begin a swap to the gated engine; returns when that loads."""
        line = ("swap", "turn", "--engine", "gated_engine:Engine", *options)
        process = self.stack.spawn(*line)
        assert eventually((self._folder / "loading").exists, PATIENCE_S)
        return process

    def open_gate(self) -> None:
        """Let the engine load."""
        (self._folder / "gate").touch()

    def rows(self, service: str) -> list[tuple[str, str, int]]:
        """(slot, state, pid) of what runs of a service."""
        found = self.stack.services().values()
        return sorted((r["slot"], r["state"], r["pid"]) for r in found if r["service"] == service)

    def kill(self, slot: str) -> None:
        """End the process in a slot at once."""
        pid = self._pid(slot)
        os.kill(pid, signal.SIGKILL)

    def _pid(self, slot: str) -> int:
        """By its command's environment: an instance that loads may not be in the directory yet."""
        root = psutil.Process(int((self.stack.run_dir.path / "supervisord.pid").read_text()))
        named = {p.environ().get("SUPERVISOR_PROCESS_NAME"): p.pid for p in root.children()}
        return named[slot]

    def exactly_one_is_active(self) -> bool:
        """Whether one instance of the service runs, and it is the active one."""
        try:
            return [state for _, state, _ in self.rows("turn")] == ["active"]
        except AssertionError:
            return False


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the engine of somebody's own lies."""
    path = tmp_path_factory.mktemp("own")
    (path / "gated_engine.py").write_text(GATED_ENGINE)
    return path


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[RunningStack]:
    """A stack whose watchdog is in a hurry to tidy up."""
    with running_stack("[watchdog]\nsurplus_s = 2\n", PYTHONPATH=str(folder)) as found:
        yield found


@pytest.fixture
def scene(stack: RunningStack, folder: Path) -> Iterator[Scene]:
    """One active `turn`, the gate closed; the gate is opened in the end."""
    scene = Scene(stack, folder)
    assert eventually(scene.exactly_one_is_active, PATIENCE_S)
    yield scene
    scene.open_gate()
    assert eventually(scene.exactly_one_is_active, PATIENCE_S)


@pytest.fixture
def talk(stack: RunningStack, tmp_path: Path) -> Iterator[None]:
    """A session is open for the whole test, so that what is new is tried out."""
    wav = tmp_path / "silence.wav"
    soundfile.write(wav, np.zeros(16_000 * 100, np.int16), 16_000)
    with stack.spawn("converse", str(wav), "--session", "talk") as process:
        assert eventually(
            lambda: bool(stack.command("status", "--json").json()["sessions"]), PATIENCE_S
        )
        yield
        process.kill()
        process.communicate()


def test_command_is_killed_while_the_new_one_loads(scene: Scene) -> None:
    """Nothing was decided: the old one stays, and the watchdog ends the new one."""
    before = scene.rows("turn")
    with scene.swap() as process:
        process.kill()
        process.communicate()
    scene.open_gate()
    assert eventually(lambda: scene.rows("turn") == before, PATIENCE_S)


def test_new_one_is_killed_while_it_loads(scene: Scene) -> None:
    """The swap fails, although supervisord starts another one in the slot."""
    before = scene.rows("turn")
    with scene.swap() as process:
        (slot,) = {f"turn_{n}" for n in (0, 1)} - {before[0][0]}
        scene.kill(slot)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert slot in err
    assert scene.rows("turn") == before


def test_old_one_is_killed_while_the_new_one_loads(scene: Scene) -> None:
    """It comes back by itself, and then gives way as planned."""
    ((old, _, _),) = scene.rows("turn")
    with scene.swap() as process:
        scene.kill(old)
        scene.open_gate()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    ((slot, state, _),) = scene.rows("turn")
    assert (state, slot != old) == ("active", True)


def test_registry_is_killed_while_the_new_one_loads(scene: Scene) -> None:
    """The swap waits for the next registry, which knows what this one knew."""
    ((old, _, _),) = scene.rows("turn")
    with scene.swap() as process:
        scene.kill("registry_0")
        scene.open_gate()
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    ((slot, state, _),) = scene.rows("turn")
    assert (state, slot != old) == ("active", True)


def test_new_one_is_killed_on_trial(scene: Scene, talk: None) -> None:
    """The old one is still there and takes over again; the reason is told."""
    before = scene.rows("turn")
    scene.open_gate()
    with scene.swap("--trial-s", "60") as process:
        assert eventually(lambda: len(scene.rows("turn")) == 2, PATIENCE_S)
        (slot,) = {f"turn_{n}" for n in (0, 1)} - {before[0][0]}
        assert eventually(lambda: (slot, "active") in [r[:2] for r in scene.rows("turn")])
        scene.kill(slot)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert f"{before[0][0]} is active again" in err
    assert scene.rows("turn") == before


def test_command_is_killed_on_trial(scene: Scene, talk: None) -> None:
    """What was decided stays: the new one is active, and the watchdog ends the old one."""
    ((old, _, _),) = scene.rows("turn")
    scene.open_gate()
    with scene.swap("--trial-s", "60") as process:
        assert eventually(lambda: (old, "ready") in [row[:2] for row in scene.rows("turn")])
        process.kill()
        process.communicate()
    assert eventually(scene.exactly_one_is_active, PATIENCE_S)
    ((slot, _, _),) = scene.rows("turn")
    assert slot != old


def test_supervisor_is_killed_while_the_new_one_loads(folder: Path) -> None:
    """The swap says so and ends; everybody leaves, and the next `up` has one active again."""
    with running_stack("[watchdog]\nsurplus_s = 2\n", PYTHONPATH=str(folder)) as stack:
        scene = Scene(stack, folder)
        with scene.swap() as process:
            stack.kill(int((stack.run_dir.path / "supervisord.pid").read_text()))
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 1
        assert "supervisord" in err
        scene.open_gate()
        up = stack.command("up")
        assert up.code == 0, up.err
        assert [row[:2] for row in scene.rows("turn")] == [("turn_0", "active")]
