"""Which recordings there are, and which of them are still being written."""

import os
import stat
from pathlib import Path

import psutil
import pytest

from streamtalk.cli.flight.roll import Entry, Roll
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import InputError

pytestmark = pytest.mark.unit


def entry(file: Path, **fields: object) -> Entry:
    """A recording that this very process writes."""
    own = psutil.Process()
    told = {"pid": own.pid, "born_s": own.create_time(), **fields}
    file.touch()
    return Entry(name="a", session="s", file=str(file), started="2026", **told)  # type: ignore[arg-type]


def test_entry_comes_back(tmp_path: Path) -> None:
    """What was written of a recording is listed, for its owner only."""
    roll = Roll.of(RunDir(tmp_path))
    roll.write(entry(tmp_path / "a.strec", turns=3))
    (found,) = roll.entries()
    assert (found.turns, found.state) == (3, "recording")
    assert [e.name for e in roll.running("s")] == [e.name for e in roll.running(None)] == ["a"]
    assert list(roll.running("other")) == []
    assert stat.S_IMODE((roll.folder / "a.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(roll.folder.stat().st_mode) == 0o700


def test_process_of_the_same_number_is_not_taken_for_the_recorder(tmp_path: Path) -> None:
    """A number that was given again would let `record stop` end a stranger."""
    stranger = entry(tmp_path / "a.strec", born_s=psutil.Process().create_time() - 100)
    assert stranger.process() is None
    assert stranger.state == "killed"


def test_states_of_what_is_over(tmp_path: Path) -> None:
    """The reason is shown while the file is there."""
    done = entry(tmp_path / "a.strec", ended="limit")
    assert done.state == "limit"
    (tmp_path / "a.strec").unlink()
    assert done.state == "deleted"


def test_one_session_is_recorded_once(tmp_path: Path) -> None:
    """A second recorder is refused, one of another session is not."""
    roll = Roll.of(RunDir(tmp_path))
    held = [roll.lock("s"), roll.lock("t"), roll.lock("")]
    try:
        with pytest.raises(InputError, match="session s is being recorded already"):
            roll.lock("s")
        with pytest.raises(InputError, match="every session"):
            roll.lock("")
    finally:
        for descriptor in held:
            os.close(descriptor)
    os.close(roll.lock("s"))


def test_broken_entry_is_left_out(tmp_path: Path) -> None:
    """One file that cannot be read does not hide the others."""
    roll = Roll.of(RunDir(tmp_path))
    roll.write(entry(tmp_path / "a.strec"))
    (roll.folder / "b.json").write_text("{")
    assert [found.name for found in roll.entries()] == ["a"]
