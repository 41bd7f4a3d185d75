"""`make` prepares a machine once, says what it could not do, and goes on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tree import ROOT
from tools import bootstrap

pytestmark = pytest.mark.process


@pytest.fixture
def unprivileged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Debian machine on which nothing may be installed, and PortAudio is missing."""
    known: dict[str, str | None] = {"apt-get": "/usr/bin/apt-get", "sudo": None}
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", known.get)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "_present", lambda package: package != "libportaudio2")
    monkeypatch.setattr(sys, "platform", "linux")


def test_missing_library_is_named_with_its_command(
    unprivileged: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the right to install, the exact command is printed and the work goes on."""
    bootstrap._system_packages(bootstrap.DEV_PACKAGES)
    printed = capsys.readouterr().err
    assert "going on without libportaudio2." in printed
    assert "sudo apt-get install libportaudio2\n" in printed


def test_installing_is_tried_once(
    unprivileged: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine that cannot install is asked once, and told the command every time."""
    tried: list[tuple[str, ...]] = []

    def refuse(names: tuple[str, ...]) -> bool:
        tried.append(names)
        return False

    monkeypatch.setattr(bootstrap, "_install_debian", refuse)
    for _ in range(3):
        bootstrap._system_packages(bootstrap.RUN_PACKAGES)
    assert tried == [("libportaudio2",)]
    assert capsys.readouterr().err.count("sudo apt-get install libportaudio2") == 3


def test_machine_without_our_python_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only interpreters of a version that we support are used; otherwise the person is asked."""
    monkeypatch.setattr(bootstrap, "_version_of", lambda name: {"python3": "3.9"}.get(name, ""))
    with pytest.raises(bootstrap.BootstrapError, match=r"needs Python 3\.11 to 3\.13"):
        bootstrap._interpreter()
    monkeypatch.setattr(bootstrap, "_version_of", lambda name: {"python3.12": "3.12"}.get(name, ""))
    assert bootstrap._interpreter() == "python3.12"


def test_versions_agree_with_the_package() -> None:
    """The interpreters that the bootstrap accepts are those that the package allows."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    low, high = bootstrap.VERSIONS[-1], int(bootstrap.VERSIONS[0].split(".")[1]) + 1
    assert f'requires-python = ">={low},<3.{high}"' in text


@pytest.mark.skipif(not (ROOT / ".venv" / ".stamp-dev").exists(), reason="made by other means")
def test_prepared_checkout_is_left_alone() -> None:
    """Called again, twice at the same time, it prints nothing, changes nothing and succeeds."""
    stamp = ROOT / ".venv" / ".stamp-dev"
    before = stamp.read_text()
    extras = (ROOT / ".venv" / ".extras").read_text().split()
    if before != bootstrap._fingerprint(extras):
        pytest.skip("pyproject.toml or uv.lock changed since the last make")
    command = [sys.executable, str(ROOT / "tools" / "bootstrap.py")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert outputs == [b"", b""]
    assert stamp.read_text() == before
