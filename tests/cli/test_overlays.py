"""Engine and settings of a swap are checked before anything is started."""

import tomllib
from pathlib import Path

import pytest

from streamtalk.cli import overlay
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import ConfigError

pytestmark = pytest.mark.unit


def test_changes_add_up_over_what_the_slot_has() -> None:
    """A second swap keeps the settings of the first."""
    first = overlay.changed({}, "scripted", ["engines.scripted.cost_ms=3"])
    second = overlay.changed(first, None, ["engines.scripted.label=wait"])
    expected = {"engine": "scripted", "engines": {"scripted": {"cost_ms": 3, "label": "wait"}}}
    assert expected == second


def test_unknown_key_is_named_with_the_nearest_one() -> None:
    """A misspelt setting is refused before any process is touched."""
    table = overlay.changed({}, None, ["engines.rules.bound=3"])
    with pytest.raises(ConfigError, match=r"turn\.engines\.rules\.bound; .*rules\.bound_ms"):
        overlay.validated("turn", table, None, None)


def test_setting_without_a_value_is_refused() -> None:
    """`--set engine` says how it should be written."""
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        overlay.changed({}, None, ["engine"])


def test_environment_that_would_win_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A swap that would change nothing says why instead of pretending."""
    monkeypatch.setenv("STREAMTALK_TURN__ENGINE", "rules")
    with pytest.raises(ConfigError, match="STREAMTALK_TURN__"):
        overlay.validated("turn", {"engine": "scripted"}, None, None)


def test_overlay_is_what_the_service_will_read(tmp_path: Path) -> None:
    """The file holds the table, and nothing else is left beside it."""
    run_dir = RunDir(tmp_path).prepare()
    overlay.write(run_dir, "turn_1", {"engine": "scripted"})
    assert overlay.current(run_dir, "turn_1") == {"engine": "scripted"}
    assert [path.name for path in run_dir.slots.iterdir()] == ["turn_1.toml"]
    assert tomllib.loads(overlay.path_of(run_dir, "turn_1").read_text())
    overlay.remove(run_dir, "turn_1")
    assert overlay.current(run_dir, "turn_1") == {}
