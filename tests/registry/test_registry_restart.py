"""The registry may die and come back at any time: calls go on, and the directory is right again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamtalk.client.peer import Peer
from streamtalk.proto.directory import Activate, Directory
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.errors import NotReadyError
from tests.support.processes import Processes, processes

pytestmark = pytest.mark.process


@pytest.fixture(name="scene")
def _scene(run_dir: Path) -> Iterator[Processes]:
    with processes(run_dir) as scene:
        scene.start("registry")
        scene.start("turn")
        scene.wait(lambda: _ready(scene, "turn_0"), "turn_0 in the directory")
        yield scene


def _ready(scene: Processes, *slots: str) -> bool:
    found = scene.directory()
    ready = {i.slot for i in found.instances if i.ready and i.live} if found else set()
    return ready >= set(slots)


def _slots(scene: Processes) -> set[str]:
    found = scene.directory()
    return {i.slot for i in found.instances} if found else set()


def _activate(scene: Processes, *slots: str) -> Directory:
    with Peer(scene.context, scene.run_dir.registry) as peer:
        return peer.call(Activate(service="turn", slots=list(slots)), Directory, 2.0)


def test_record_and_instances_survive_the_registry(scene: Processes) -> None:
    """Another registry knows what was active, and everybody registers with it again."""
    scene.start("turn", "turn_1")
    scene.wait(lambda: _ready(scene, "turn_0", "turn_1"), "both in the directory")
    first = _activate(scene, "turn_1")
    assert first.active["turn"] == ["turn_1"]
    scene.kill("registry_0")
    with Peer(scene.context, f"ipc://{scene.sockets('turn_1')[0]}") as peer:
        question = Predict(text="that is all.", silence_ms=100.0)
        assert peer.call(question, Prediction, 5.0).finished > 0
    scene.start("registry")
    scene.wait(lambda: _ready(scene, "turn_0", "turn_1"), "both again")
    again = scene.directory()
    assert again is not None
    assert again.registry != first.registry
    assert again.active["turn"] == ["turn_1"]


def test_instance_that_died_with_the_registry_is_forgotten(scene: Processes) -> None:
    """What the record remembers and nobody confirms is not shown as usable for long."""
    scene.kill("registry_0")
    scene.kill("turn_0")
    scene.start("registry")
    scene.wait(lambda: scene.directory() is not None, "registry")
    scene.wait(lambda: not _ready(scene, "turn_0"), "turn_0 not ready")


def test_killed_instance_leaves_the_directory(scene: Processes) -> None:
    """Its disconnection is enough; nobody waits for it to be silent for long."""
    scene.kill("turn_0")
    scene.wait(lambda: "turn_0" not in _slots(scene), "turn_0 gone")
    assert "registry_0" in _slots(scene)


def test_instance_that_leaves_says_so(scene: Processes) -> None:
    """After SIGTERM it is not in the directory."""
    assert scene.terminate("turn_0") == 0
    scene.wait(lambda: "turn_0" not in _slots(scene), "turn_0 gone")


def test_slot_that_is_not_ready_cannot_be_made_active(scene: Processes) -> None:
    """The record moves to what is ready, or it does not move."""
    with pytest.raises(NotReadyError, match="turn_3"):
        _activate(scene, "turn_3")
    found = scene.directory()
    assert found is not None
    assert found.active["turn"] == ["turn_0"]
