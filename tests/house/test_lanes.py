"""Every test runs in exactly one lane, in the same order each time, and no failure is lost."""

import re
from pathlib import Path

import pytest

from tests.support.lanes import KINDS, LANES, REAL_TIME, TESTS, UNITS, lanes_of
from tests.support.tree import ROOT, python_files
from tools.run_tests import SEEDS, Ended, command, failures, main

pytestmark = pytest.mark.contract

_MARKER = re.compile(r"^pytestmark = pytest\.mark\.(\w+)", re.MULTILINE)


def _modules() -> dict[Path, str]:
    """Every test module and the marker of its tests."""
    found = {}
    for path in python_files("tests"):
        if path.name.startswith("test_"):
            found[path] = _MARKER.findall(path.read_text("utf-8"))[0]
    return found


def test_every_test_is_in_exactly_one_lane() -> None:
    """None is left out and none runs twice, wherever the next module is put."""
    wrong = {
        str(path.relative_to(ROOT)): lanes
        for path, kind in _modules().items()
        if len(lanes := lanes_of(path, [kind])) != 1
    }
    assert wrong == {}


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("folder", ["chaos", "cli", "conversation", "tts", "new"])
@pytest.mark.parametrize("stem", ["test_kills", "test_language_swaps", "test_language", "test_new"])
def test_module_that_is_not_there_yet_has_one_lane(folder: str, stem: str, kind: str) -> None:
    """Whatever its folder, its name and its marker."""
    assert len(lanes_of(TESTS / folder / f"{stem}.py", [kind])) == 1


def test_every_lane_has_tests() -> None:
    """A lane that is empty would fail each run."""
    used = {lane for path, kind in _modules().items() for lane in lanes_of(path, [kind])}
    assert used == set(LANES) == {UNITS.name, *(lane.name for lane in REAL_TIME)}


def test_kinds_are_the_markers() -> None:
    """A marker that no lane knows would take its tests out of all of them."""
    assert set(_modules().values()) <= KINDS


def test_seeds_come_before_the_arguments() -> None:
    """So that a person's own seed is used; only what computes makes room for the rest."""
    line = command("chaos", ["--randomly-seed=5"])
    assert [word for word in line if "seed" in word] == [*SEEDS, "--randomly-seed=5"]
    assert line[0] != "nice"
    assert command("units", [])[:3] == ["nice", "-n", "10"]


def _ended(**statuses: int) -> list[Ended]:
    return [Ended(lane, status, 1.0, "") for lane, status in statuses.items()]


def test_failed_lane_is_named() -> None:
    """With whichever status that is not pytest's for all is well."""
    assert failures(_ended(a=0, b=0), chosen=False) == []
    assert failures(_ended(a=0, b=1, c=2), chosen=False) == [
        "b: exit status 1",
        "c: exit status 2",
    ]
    assert failures(_ended(a=0, b=-9), chosen=True) == ["b: exit status -9"]


def test_empty_lane_is_right_only_where_tests_were_chosen() -> None:
    """And nothing at all is never what was wanted."""
    assert failures(_ended(a=0, b=5), chosen=True) == []
    assert failures(_ended(a=0, b=5), chosen=False) == ["b: no test was selected"]
    assert failures(_ended(a=5, b=5), chosen=True) == ["no lane selected a test"]


def test_lane_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """With the names of those that are."""
    with pytest.raises(SystemExit):
        main(["--lane", "nothing"])
    assert "broken conversations" in capsys.readouterr().err
