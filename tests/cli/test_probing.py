"""`streamtalk probe`: what it says of a service, and how it exits."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Processes, processes, stop_process
from tests.support.stack import Done, command, private_environment

pytestmark = pytest.mark.process


class Scene:
    """Two services without a supervisor, and the command in a home of its own."""

    def __init__(self, running: Processes, folder: Path) -> None:
        self.running = running
        self._environment = private_environment(
            folder, STREAMTALK_RUN_DIR=str(running.run_dir.path)
        )

    def voice(self, settings: str) -> None:
        """Start a scripted voice, and wait until it is ready."""
        overlay = self.running.run_dir.slots / "tts_0.toml"
        overlay.write_text(f'engine = "scripted"\n[engines.scripted]\n{settings}\n', "utf-8")
        self.running.start("tts")
        self.running.wait_ready("tts_0")

    def probe(self, *arguments: str) -> Done:
        """Run the command to its end."""
        return command(self._environment, "probe", *arguments, timeout_s=60.0)


@pytest.fixture
def scene(run_dir: Path, tmp_path: Path) -> Iterator[Scene]:
    """No service runs yet."""
    with processes(run_dir) as running:
        yield Scene(running, tmp_path)


def test_probe_shows_the_evidence_of_the_work(scene: Scene) -> None:
    """One line of JSON, with or without a registry to find the instance."""
    scene.voice("")
    alone = scene.probe("tts_0").json()
    scene.running.start("registry")
    scene.running.wait(lambda: _knows(scene.running, "tts_0"), "the voice to register")
    found = scene.probe("tts").json()
    for row in (alone, found):
        assert (row["slot"], row["live"], row["ready"]) == ("tts_0", True, True)
        assert (row["work"]["done"], row["work"]["failed"]) == (0, 0)
    assert scene.probe("registry", "--live").json()["service"] == "registry"


def test_probe_that_proves_the_work(scene: Scene) -> None:
    """The canned request is done now, and what it showed is told."""
    scene.voice("")
    row = scene.probe("tts", "--canned").json()
    assert row["canned"]["right"]
    assert "audibly" in row["canned"]["detail"]


def test_probe_finds_a_voice_that_went_mute(scene: Scene) -> None:
    """It is live and ready by its own word, and its canned request says otherwise."""
    scene.voice('fault = "silence"\nfault_skips = 1')
    assert scene.probe("tts").code == 0
    done = scene.probe("tts", "--canned")
    row = json.loads(done.out)
    assert (done.code, row["ready"], row["canned"]["right"]) == (1, True, False)
    assert "no audible sound" in row["canned"]["reason"]


def test_probe_of_what_has_no_canned_request_says_so(scene: Scene) -> None:
    """A registry holds no model."""
    scene.running.start("registry")
    scene.running.wait_ready("registry_0")
    done = scene.probe("registry", "--canned")
    assert done.code == 1
    assert "holds no model" in json.loads(done.out)["canned"]["reason"]


def test_probe_of_a_stopped_process_ends_in_time(scene: Scene) -> None:
    """A process that does not answer is neither live nor ready."""
    scene.voice("")
    process = scene.running.running["tts_0"]
    stop_process(process.pid)
    try:
        done = scene.probe("tts", "--live", "--timeout-s", "0.5")
    finally:
        os.kill(process.pid, signal.SIGCONT)
    row = json.loads(done.out)
    assert (done.code, row["live"]) == (1, False)
    assert "in time" in row["reason"]


def test_probe_of_an_absent_service_names_the_cure(scene: Scene) -> None:
    """Nothing runs: one line of JSON all the same."""
    done = scene.probe("asr")
    assert (done.code, "streamtalk up" in json.loads(done.out)["reason"]) == (1, True)


@pytest.mark.parametrize("name", ["tss", "tts_x", "", "tts_0-ab", "_1"])
def test_probe_of_an_unknown_name_is_wrong_usage(scene: Scene, name: str) -> None:
    """What no service is called is told from a service that is down."""
    done = scene.probe(name)
    assert (done.code, done.out) == (2, "")
    assert "name one of" in done.err
    assert "tts" in done.err


def _knows(running: Processes, slot: str) -> bool:
    directory = running.directory()
    return directory is not None and slot in {i.slot for i in directory.instances}
