"""A Whisper model comes while people talk and takes over; or does not, and they are heard."""

import json
import os
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from streamtalk.asr.config import FasterWhisperSettings
from streamtalk.asr.whisper.auto import conditions
from streamtalk.cli.upgrade import news
from streamtalk.runtime.supervision import Supervisor
from tests.conversation.test_kills import QUESTION, onlooker
from tests.support.model_hub import ModelHub
from tests.support.questions import write_each
from tests.support.recorder import eventually
from tests.support.stack import RunningStack, running_stack

pytestmark = pytest.mark.conversation

write_model = pytest.importorskip(
    "tests.support.tiny_whisper", reason="needs streamtalk[whisper]"
).write_model

MODEL: Final = "owner/whisper"
PATIENCE_S: Final = 60.0
CONFIG: Final = """
[asr]
engine = "faster_whisper"
trial_s = 2.0
[asr.engines.faster_whisper]
model = "{model}"
mode = "fast"
hub = "{hub}"
[orchestrator]
llm_engine = "builtin"
[orchestrator.hearing]
partial_every_ms = 0
"""
"""The tiny model says its whole sentence for any audio, so nothing is heard piece by piece."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper model that hears the question in everything."""
    return Path(write_model(tmp_path_factory.mktemp("whisper"), said=QUESTION))


@pytest.fixture
def hub(folder: Path) -> Iterator[ModelHub]:
    """A hub that has the model."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with ModelHub({**files, "README.md": b"# a model"}, MODEL) as running:
        yield running


@contextmanager
def upgrading(endpoint: str, model: str = MODEL, **more: str) -> Iterator[RunningStack]:
    """A stack that has just been started without its model."""
    with running_stack(CONFIG.format(hub=endpoint, model=model), **more) as stack:
        assert stack.services()["asr_0"]["engine"] == "pocketsphinx"
        yield stack


def _upgrade(stack: RunningStack) -> dict[str, Any]:
    (row,) = stack.command("status", "--json").json()["upgrades"]
    return dict(row)


def _await_phase(stack: RunningStack, phase: news.Phase) -> news.Upgrade:
    def found() -> news.Upgrade | None:
        upgrade = news.read(stack.run_dir)
        # What `up` writes first says nothing yet.
        return upgrade if upgrade and upgrade.phase == phase and upgrade.message else None

    assert eventually(lambda: found() is not None, PATIENCE_S), news.read(stack.run_dir)
    upgrade = news.read(stack.run_dir)
    assert upgrade is not None
    return upgrade


def _await_log(stack: RunningStack, events: list[str]) -> None:
    """Until the log says so; its lines are written a moment later than the news."""

    def told() -> list[str]:
        text = (stack.run_dir.logs / "upgrade_0.log").read_text()
        return [json.loads(line)["event"] for line in text.splitlines()]

    assert eventually(lambda: told()[-1:] == events[-1:], PATIENCE_S)
    assert told() == events


def _ask(stack: RunningStack, folder: Path) -> dict[str, Any]:
    """One question; returns the report."""
    report = folder / "report.json"
    wavs = write_each(folder, [QUESTION])
    done = stack.command("converse", *wavs, "--report", str(report))
    assert done.code == 0, done.err
    return dict(json.loads(report.read_text()))


def _assert_answered(report: dict[str, Any], turns: int, engine: str) -> None:
    assert [turn["user_text"] for turn in report["turns"]] == [QUESTION] * turns
    assert all("56" in turn["heard_text"] for turn in report["turns"])
    assert [turn["error"] for turn in report["turns"]] == [None] * turns
    assert report["audio"]["mic_frames_lost"] == 0
    assert report["engines"]["asr"] == engine


def test_model_arrives_while_a_person_talks(hub: ModelHub, tmp_path: Path) -> None:
    """Half a model survives a kill of who fetches it; the rest comes in a talk, no turn is lost."""
    hub.hold_after = 2_000_000
    with upgrading(hub.endpoint) as stack:
        assert eventually(lambda: _upgrade(stack)["done_bytes"] > 0, PATIENCE_S)
        assert "pocketsphinx serves meanwhile" in stack.command("status").out
        os.kill(Supervisor(stack.run_dir).process("upgrade_0").pid, signal.SIGKILL)
        assert eventually(lambda: ("model.bin", "bytes=2000000-") in hub.requests, PATIENCE_S)
        wavs = write_each(tmp_path, [QUESTION] * 3, lead_s=4.0)
        report = tmp_path / "talk.json"
        with onlooker(stack, "upgrade") as eyes:
            arguments = ("--session", "upgrade", "--report", str(report))
            running = stack.spawn("converse", *wavs, *arguments)
            eyes.wait_for("hearing", turn=1)
            hub.hold_after = None
            hub.go_on.set()
            _, err = running.communicate(timeout=120)
        assert running.returncode == 0, err
        _await_phase(stack, "done")
        found = json.loads(report.read_text())
        _assert_answered(found, 3, found["engines"]["asr"])
        _assert_answered(_ask(stack, tmp_path), 1, "faster_whisper")
        _await_log(stack, ["fetching", "loading", "done"])


def test_cancelled_download_is_kept_for_later(hub: ModelHub, tmp_path: Path) -> None:
    """A person stops it, talks on, fetches the rest by hand, and swaps when it suits."""
    hub.hold_after = 2_000_000
    with upgrading(hub.endpoint) as stack:
        assert eventually(lambda: _upgrade(stack)["done_bytes"] > 0, PATIENCE_S)
        done = stack.command("fetch", "asr", "--cancel")
        assert (done.code, "cancelled" in done.out) == (0, True)
        assert Supervisor(stack.run_dir).process("upgrade_0").pid == 0
        _assert_answered(_ask(stack, tmp_path), 1, "pocketsphinx")
        hub.hold_after = None
        config = Path(stack.environment["HOME"]) / "streamtalk.toml"
        done = stack.command("fetch", "asr", "--config", str(config))
        assert done.code == 0, done.err
        assert ("model.bin", "bytes=2000000-") in hub.requests
        done = stack.command("swap", "asr", "--engine", "faster_whisper")
        assert done.code == 0, done.err
        _assert_answered(_ask(stack, tmp_path), 1, "faster_whisper")


def test_model_that_is_corrupt_is_named(hub: ModelHub, tmp_path: Path) -> None:
    """The checksum tells; the embedded engine goes on, and nothing of the file is used."""
    hub.rot = {"model.bin"}
    with upgrading(hub.endpoint) as stack:
        failed = _await_phase(stack, "failed")
        assert "model.bin has the wrong checksum" in failed.message
        _assert_answered(_ask(stack, tmp_path), 1, "pocketsphinx")


def test_auto_brings_what_suits_the_machine(folder: Path, tmp_path: Path) -> None:
    """By what was measured before, here of a slow one: the smallest; log and `status` say why."""
    settings = FasterWhisperSettings(model="auto", mode="fast")
    kept = {"conditions": conditions(settings, 1), "encode_ms": 900.0, "token_ms": 5.0}
    (tmp_path / "streamtalk").mkdir()
    (tmp_path / "streamtalk/whisper-speed.json").write_bytes(msgspec.json.encode(kept))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    cache = {"XDG_CACHE_HOME": str(tmp_path)}
    with (
        ModelHub(files, "Systran/faster-whisper-tiny") as hub,
        upgrading(hub.endpoint, "auto", **cache) as stack,
    ):
        reason = "tiny is expected to take 1.0 s after the pause here, base 2.0 s"
        found = _await_phase(stack, "done")
        assert (found.model, found.message) == ("tiny", f"has taken over; {reason}")
        (slot,) = [row["slot"] for row in stack.services().values() if row["service"] == "asr"]
        assert reason in (stack.run_dir.logs / f"{slot}.log").read_text()
        _assert_answered(_ask(stack, tmp_path), 1, "faster_whisper")


def test_offline_is_told_once_and_a_copied_model_is_taken_up(folder: Path, tmp_path: Path) -> None:
    """However often it is tried; the folder that somebody brings is found without a restart."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with upgrading(endpoint) as stack:
            told = _await_phase(stack, "waiting").message
            assert endpoint in told
            assert f"streamtalk fetch asr --model {MODEL}" in told
            _assert_answered(_ask(stack, tmp_path), 1, "pocketsphinx")
            home = Path(stack.environment["HOME"]) / ".cache/streamtalk/models/owner--whisper"
            shutil.copytree(folder, home / "abc", dirs_exist_ok=True)
            (home / "current").write_text("abc")
            _await_phase(stack, "done")
            _await_log(stack, ["waiting", "loading", "done"])
            _assert_answered(_ask(stack, tmp_path), 1, "faster_whisper")
