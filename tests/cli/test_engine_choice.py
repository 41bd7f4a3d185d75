"""`doctor` and `swap` say which engine would be used, and what it lacks."""

import pytest

from streamtalk.cli import engines
from streamtalk.proto.errors import ConfigError, EngineMissingError
from streamtalk.runtime.engine_table import EngineSpec

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("stage", engines.STAGES)
def test_auto_is_never_the_scripted_engine(stage: str) -> None:
    """The engine for tests answers nobody who did not ask for it."""
    choice = engines.resolve(stage, "auto")
    assert choice.engine in engines.table_of(stage)
    assert choice.engine != "scripted"


def test_unknown_engine_is_refused_with_the_nearest_one() -> None:
    """A misspelt engine names the one that was probably meant, and all there are."""
    with pytest.raises(ConfigError, match=r"did you mean espeak\?.*choose one of"):
        engines.resolve("tts", "espek")


def test_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not installed is said with the command that installs it."""
    rows = {"big": EngineSpec("a.b:C", ("not_there_at_all",), "bigextra")}
    monkeypatch.setattr("streamtalk.tts.engine.ENGINES", rows)
    choice = engines.resolve("tts", "big")
    assert choice.missing == ["not_there_at_all"]
    with pytest.raises(EngineMissingError, match="make setup EXTRAS=bigextra"):
        engines.require(choice)


@pytest.mark.parametrize("target", ["no.such.module:Engine", "nosuchmodule:Engine"])
def test_own_engine_that_cannot_be_found_is_said(target: str) -> None:
    """A module of one's own that is not on the path is named before a process is started."""
    with pytest.raises(EngineMissingError, match="needs no"):
        engines.require(engines.resolve("turn", target))
