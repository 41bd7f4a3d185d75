"""How a service's process begins and ends: one per slot, drained, and never alone."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from streamtalk.client.peer import Peer
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import NotReadyError, PeerLostError
from streamtalk.proto.health import Drain, Metrics, MetricsText
from streamtalk.proto.message import Ok
from tests.support.processes import Processes, processes

pytestmark = pytest.mark.process

QUESTION = Predict(text="that is all.", silence_ms=100.0)
PARENT = "import subprocess, sys; subprocess.run(sys.argv[1:])"


@pytest.fixture(name="scene")
def _scene(run_dir: Path) -> Iterator[Processes]:
    with processes(run_dir) as scene:
        yield scene


def _peer(scene: Processes, slot: str = "turn_0") -> Peer:
    return Peer(scene.context, f"ipc://{scene.sockets(slot)[0]}")


def _run(scene: Processes, slot: str = "turn_0") -> subprocess.CompletedProcess[str]:
    command = scene.command("turn", slot)
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_second_copy_of_a_slot_leaves(scene: Processes) -> None:
    """It says which process has the slot, exits with 1, and the first goes on undisturbed."""
    first = scene.start("turn")
    scene.wait_ready("turn_0")
    second = _run(scene)
    assert second.returncode == 1
    assert f"turn_0 already runs in {scene.run_dir.path} as process {first.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    with _peer(scene) as peer:
        assert peer.call(QUESTION, Prediction, 5.0).label == "finished"


def test_slots_of_one_service_live_side_by_side(scene: Processes) -> None:
    """Another slot is another instance with a socket of its own."""
    scene.start("turn")
    scene.start("turn", "turn_1")
    scene.wait_ready("turn_0", "turn_1")
    assert len(scene.sockets("turn_0")) == len(scene.sockets("turn_1")) == 1


@pytest.mark.parametrize("how", ["signal", "message"])
def test_service_finishes_what_it_began(scene: Processes, how: str) -> None:
    """A call under way is answered, a new one refused, then it leaves without a trace."""
    scene.run_dir.slots.joinpath("turn_0.toml").write_text(
        'engine = "scripted"\nengines.scripted.cost_ms = 1500\n', encoding="utf-8"
    )
    process = scene.start("turn")
    scene.wait_ready("turn_0")
    answers: list[Prediction] = []
    with _peer(scene) as begun, _peer(scene) as late:
        call = threading.Thread(
            target=lambda: answers.append(begun.call(QUESTION, Prediction, 20.0))
        )
        call.start()
        scene.wait(lambda: (h := scene.health("turn_0")) and h.doing, "working")
        if how == "signal":
            process.send_signal(signal.SIGTERM)
        else:
            late.call(Drain(), Ok, 5.0)
        scene.wait(lambda: (h := scene.health("turn_0")) and h.instance.state == "draining", how)
        with pytest.raises((NotReadyError, PeerLostError)):
            late.call(QUESTION, Prediction, 5.0)
        call.join()
    assert process.wait(15) == 0
    assert [answer.label for answer in answers] == ["finished"]
    assert scene.sockets("turn_0") == []


def test_killed_process_leaves_its_slot_to_the_next(scene: Processes) -> None:
    """The next one starts at once, and removes the socket that the dead one left."""
    scene.start("turn")
    scene.wait_ready("turn_0")
    (dead,) = scene.sockets("turn_0")
    scene.kill("turn_0")
    assert dead.exists()
    scene.start("turn")
    scene.wait_ready("turn_0")
    assert not dead.exists()


def test_service_leaves_when_its_supervisor_is_killed(scene: Processes) -> None:
    """Nobody would ever stop it: it goes by itself."""
    environment = os.environ | {"SUPERVISOR_ENABLED": "1"}
    command = [sys.executable, "-c", PARENT, *scene.command("turn", "turn_0")]
    with subprocess.Popen(command, env=environment) as supervisor:
        scene.wait_ready("turn_0")
        health = scene.health("turn_0")
        supervisor.kill()
    assert health is not None
    scene.wait(lambda: not psutil.pid_exists(health.instance.pid), "the service to leave")
    assert scene.sockets("turn_0") == []


def test_service_started_by_hand_outlives_its_shell(scene: Processes) -> None:
    """Only a supervised process takes the end of its parent for its own."""
    environment = {k: v for k, v in os.environ.items() if k != "SUPERVISOR_ENABLED"}
    command = [sys.executable, "-c", PARENT, *scene.command("turn", "turn_0")]
    with subprocess.Popen(command, env=environment) as shell:
        scene.wait_ready("turn_0")
        health = scene.health("turn_0")
        shell.kill()
    assert health is not None
    process = psutil.Process(health.instance.pid)
    scene.start("turn", "turn_1")
    scene.wait_ready("turn_1")
    assert process.is_running()
    process.terminate()
    scene.wait(lambda: not psutil.pid_exists(process.pid), "the service to leave")


def test_unknown_key_is_refused_with_the_nearest(scene: Processes) -> None:
    """Exit status 2, the path of the key and what was meant."""
    scene.run_dir.slots.joinpath("turn_0.toml").write_text("engin = 1\n", encoding="utf-8")
    result = _run(scene)
    assert result.returncode == 2
    assert "unknown configuration key turn.engin; did you mean turn.engine?" in result.stderr


def test_missing_engine_is_told_and_the_service_stays(scene: Processes) -> None:
    """It is never ready and says why, so that a person can be told."""
    scene.run_dir.slots.joinpath("turn_0.toml").write_text(
        'engine = "nosuchmodule:Engine"\n', encoding="utf-8"
    )
    scene.start("turn")
    scene.wait(lambda: (h := scene.health("turn_0")) and h.instance.state == "failed", "failed")
    health = scene.health("turn_0")
    assert health is not None
    assert "nosuchmodule" in health.instance.reason
    with _peer(scene) as peer, pytest.raises(NotReadyError):
        peer.call(QUESTION, Prediction, 5.0)


def test_metrics_tell_what_was_called(scene: Processes) -> None:
    """Counters can be read from any service, whatever it is doing."""
    scene.start("turn")
    scene.wait_ready("turn_0")
    with _peer(scene) as peer:
        peer.call(QUESTION, Prediction, 5.0)
        text = peer.call(Metrics(), MetricsText, 5.0).text
    assert 'streamtalk_turn_call_ms_count{call="Predict"} 1' in text


def test_model_gets_the_threads_that_were_configured(scene: Processes) -> None:
    """The process begins anew with them, under the same id; others keep what they were given."""
    scene.run_dir.slots.joinpath("turn_0.toml").write_text("threads = 3\n", encoding="utf-8")
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    for slot, threads in (("turn_0", "3"), ("turn_1", "1")):
        process = scene.start("turn", slot, environment)
        scene.wait_ready(slot)
        found = psutil.Process(process.pid).environ()
        assert (found["OMP_NUM_THREADS"], found["OPENBLAS_NUM_THREADS"]) == (threads, threads)
