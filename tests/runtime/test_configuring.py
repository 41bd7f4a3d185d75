"""Layers of configuration, and what is said about a key or value that cannot be used."""

from pathlib import Path

import msgspec
import pytest

from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import ConfigError
from streamtalk.runtime.config import (
    ServiceConfig,
    decode_table,
    from_environment,
    layer,
    parse_setting,
    read_toml,
)
from streamtalk.runtime.main import service_table

pytestmark = pytest.mark.unit


class Inner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one engine."""

    beam: int = 5


class Engines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    fast: Inner = Inner()


class Config(ServiceConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service's table."""

    engines: Engines = Engines()


LAYERS = [
    ("", "", "", "auto"),
    ("file", "", "", "file"),
    ("file", "profile", "", "profile"),
    ("file", "profile", "overlay", "overlay"),
]


def _decode(folder: Path, profile: str | None) -> Config:
    run_dir = RunDir(folder)
    table = service_table("asr", "asr_0", run_dir, folder / "streamtalk.toml", profile)
    return decode_table("asr", table, Config)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    (tmp_path / "slots").mkdir()
    (tmp_path / "streamtalk.toml").write_text("", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("file,profile,overlay,expected", LAYERS)
def test_later_layer_wins(
    folder: Path, file: str, profile: str, overlay: str, expected: str
) -> None:
    """Defaults, then the file, the profile, the slot's overlay."""
    text = f'[asr]\nengine = "{file}"\nnice = 3\n' if file else ""
    text += f'[profiles.p.asr]\nengine = "{profile}"\n' if profile else ""
    (folder / "streamtalk.toml").write_text(text, encoding="utf-8")
    if overlay:
        (folder / "slots" / "asr_0.toml").write_text(f'engine = "{overlay}"\n', encoding="utf-8")
    config = _decode(folder, "p" if profile else None)
    assert (config.engine, config.nice) == (expected, 3 if file else 0)


def test_environment_wins_over_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables within tables are named with two underscores, and numbers are read as numbers."""
    overlay = folder / "slots" / "asr_0.toml"
    overlay.write_text('engine = "overlay"\nengines.fast.beam = 1\n', encoding="utf-8")
    monkeypatch.setenv("STREAMTALK_ASR__ENGINE", "environment")
    monkeypatch.setenv("STREAMTALK_ASR__ENGINES__FAST__BEAM", "9")
    monkeypatch.setenv("STREAMTALK_TTS__ENGINE", "of another service")
    config = _decode(folder, None)
    assert (config.engine, config.engines.fast.beam) == ("environment", 9)


def test_variables_of_the_launch_are_no_keys() -> None:
    """How `up` tells where things are is not taken for configuration."""
    found = from_environment({"STREAMTALK_CONFIG": "x", "STREAMTALK_LOG_LEVEL": "y"}, ["config"])
    assert found == {}


def test_unknown_profile_names_those_there_are() -> None:
    """A misspelt profile is not silently the default."""
    with pytest.raises(ConfigError, match="no profile 'mak': the file has cuda, mac"):
        layer({"profiles": {"mac": {}, "cuda": {}}}, "mak", [])


BAD = [
    ({"engin": 1}, "unknown configuration key asr.engin; did you mean asr.engine?"),
    ({"engines": {"fast": {"bean": 1}}}, "asr.engines.fast.bean; did you mean asr.engines.fast.be"),
    ({"engines": {"fats": {}}}, "asr.engines.fats; did you mean asr.engines.fast?"),
    ({"zzzz": 1}, "unknown configuration key asr.zzzz"),
    ({"nice": "very"}, "asr.nice"),
    ({"engines": 3}, "asr.engines"),
    (3, "[asr]"),
]


@pytest.mark.parametrize("table,said", BAD)
def test_bad_table_is_told_by_its_path(table: object, said: str) -> None:
    """The path of the key, and the nearest valid one where there is one near."""
    with pytest.raises(ConfigError) as caught:
        decode_table("asr", table, Config)
    assert said in str(caught.value)


SETTINGS = [
    ("a.b=3", (["a", "b"], 3)),
    ("a=true", (["a"], True)),
    ("a=1.5", (["a"], 1.5)),
    ('a="3"', (["a"], "3")),
    ("a=plain words", (["a"], "plain words")),
    ("a=[1, 2]", (["a"], [1, 2])),
    ("a=x=y", (["a"], "x=y")),
    ("a=", (["a"], "")),
]


@pytest.mark.parametrize("text,expected", SETTINGS)
def test_setting_is_read_as_toml_where_it_is(text: str, expected: object) -> None:
    """`--set` takes numbers and lists as such, and everything else as text."""
    assert parse_setting(text) == expected


@pytest.mark.parametrize("text", ["", "a", "=1", " =1"])
def test_setting_without_key_or_value_is_refused(text: str) -> None:
    """It says what was expected."""
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        parse_setting(text)


def test_file_that_is_no_toml_is_told_with_the_place(tmp_path: Path) -> None:
    """The name of the file and the line; and a missing file is told as such."""
    path = tmp_path / "streamtalk.toml"
    path.write_text("[asr\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"streamtalk\.toml is not TOML.*line 1"):
        read_toml(path)
    with pytest.raises(ConfigError, match="cannot read configuration"):
        read_toml(tmp_path / "nothing.toml")


def test_profiles_that_are_no_tables_are_told() -> None:
    """A value where a table belongs is a mistake of the file, not of the program."""
    for document in ({"profiles": 3}, {"profiles": {"p": 3}}):
        with pytest.raises(ConfigError, match="profile"):
            layer(document, "p", [])
