"""A chain of voices as the configuration writes it, and the instances that it becomes."""

import configparser
from pathlib import Path
from typing import Any

import pytest

from streamtalk.asr.config import AsrConfig
from streamtalk.cli.chain import SLOTS, links
from streamtalk.cli.replicas import checked, first_overlays, wanted
from streamtalk.cli.stack import supervisord_conf
from streamtalk.proto.directory import MODEL_SERVICES
from streamtalk.proto.errors import ConfigError, EngineMissingError
from streamtalk.runtime.config import decode_table
from streamtalk.tts.config import TtsConfig

pytestmark = pytest.mark.unit


def _links(**table: Any) -> list[tuple[str, int, dict[str, Any]]]:  # noqa: ANN401 — any setting
    config = decode_table("tts", table, TtsConfig)
    return [(link.engine, link.rank, link.overlay) for link in links("tts", config)]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 — a function
    """Write a configuration; returns its path."""
    monkeypatch.delenv("STREAMTALK_TTS__ENGINE", raising=False)

    def write_(text: str) -> Path:
        path = tmp_path / "streamtalk.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_


def test_chain_becomes_one_instance_for_each_entry() -> None:
    """Ranks in the order of the entries; what is named last is not added again."""
    assert _links(chain=["scripted", "espeak"]) == [
        ("scripted", 0, {"engine": "scripted", "rank": 0}),
        ("espeak", 1, {"engine": "espeak", "rank": 1}),
    ]


def test_espeak_ends_every_chain_of_voices() -> None:
    """An answer is never silence, unless the configuration says so in as many words."""
    assert [engine for engine, _, _ in _links(chain=["scripted"])] == ["scripted", "espeak"]
    both = _links(chain=["espeak", "scripted"])
    assert [engine for engine, _, _ in both] == ["espeak", "scripted", "espeak"]
    bare = _links(chain=["scripted"], last_resort="")
    assert [engine for engine, _, _ in bare] == ["scripted"]


def test_other_stages_end_as_they_are_written() -> None:
    """There is no eSpeak of speech recognition."""
    config = decode_table("asr", {"chain": ["pocketsphinx", "scripted"]}, AsrConfig)
    assert [link.engine for link in links("asr", config)] == ["pocketsphinx", "scripted"]


def test_entry_has_settings_a_budget_and_endpoints() -> None:
    """Each endpoint is an instance of the same rank, with its own settings over the entry's."""
    entry = {
        "engine": "scripted",
        "settings": {"level": 0.2},
        "first_audio_ms": 400,
        "endpoints": [{"tone_hz": 500}, {"tone_hz": 600, "level": 0.3}],
    }
    first, second, _ = _links(chain=[entry])
    base = {"engine": "scripted", "rank": 0, "first_audio_ms": 400.0}
    assert first[2] == {**base, "engines": {"scripted": {"level": 0.2, "tone_hz": 500}}}
    assert second[2] == {**base, "engines": {"scripted": {"level": 0.3, "tone_hz": 600}}}


def test_replicas_and_fallback_are_a_short_chain() -> None:
    """One concept: what they become differs only in that the first entry needs no overlay."""
    assert _links(engine="scripted", replicas=2, fallback="espeak") == [
        ("scripted", 0, {}),
        ("scripted", 0, {}),
        ("espeak", 1, {"engine": "espeak", "rank": 1}),
    ]
    assert _links() == [("auto", 0, {})]


@pytest.mark.parametrize(
    "table, complaint",
    [
        ({"engine": "espeak", "chain": ["scripted"]}, "take tts.engine"),
        ({"replicas": 2, "chain": ["scripted"]}, "tts.replicas"),
        ({"chain": [{"engine": "scripted", "replicas": 3}, "a", "b"]}, "3 more, of 7 slots"),
        (
            {"chain": [{"engine": "scripted", "replicas": 2, "endpoints": [{}, {}]}]},
            "replicas and endpoints",
        ),
    ],
)
def test_chain_that_cannot_be_is_refused(table: dict[str, Any], complaint: str) -> None:
    """Each mistake with its cure."""
    with pytest.raises(ConfigError, match=complaint):
        _links(**table)


@pytest.mark.parametrize(
    "text, complaint",
    [
        ('chain = ["esepak"]', "did you mean espeak"),
        ('chain = [{ engine = "scripted", settings = { levle = 1 } }]', "scripted.level"),
        ('chain = [{ engine = "scripted", replica = 2 }]', "replica"),
    ],
)
def test_mistakes_of_a_chain_are_found_before_anything_starts(
    write: Any,  # noqa: ANN401 — a function
    text: str,
    complaint: str,
) -> None:
    """`config check` and `up` name the key."""
    with pytest.raises(ConfigError, match=complaint):
        wanted(write(f"[tts]\n{text}\n"), None)


@pytest.mark.parametrize(
    "variable, value, complaint",
    [("ENGINE", "espeak", "take tts.engine"), ("RANK", "3", "STREAMTALK_TTS__")],
)
def test_environment_that_would_undo_a_chain_is_refused(
    write: Any,  # noqa: ANN401 — a function
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    complaint: str,
) -> None:
    """It is stronger than the overlays, and would make every entry alike."""
    path = write('[tts]\nchain = ["scripted", "espeak"]\n')
    monkeypatch.setenv(f"STREAMTALK_TTS__{variable}", value)
    with pytest.raises(ConfigError, match=complaint):
        wanted(path, None)


def test_entry_that_is_not_installed_is_named(write: Any) -> None:  # noqa: ANN401 — a function
    """With what it needs, before the stack starts."""
    with pytest.raises(EngineMissingError, match="nowhere_at_all"):
        checked(write('[tts]\nchain = ["nowhere_at_all:Voice"]\n'), None)


def test_first_entry_is_what_the_first_slot_starts_with(write: Any) -> None:  # noqa: ANN401
    """Its overlay is there before supervisord is; stages without a chain have none."""
    chains = checked(write('[tts]\nchain = ["scripted", "espeak"]\n'), None)
    assert first_overlays(chains) == {"tts_0": {"engine": "scripted", "rank": 0}}


def test_every_stage_has_the_slots_that_a_chain_counts_on() -> None:
    """Supervisord's configuration is the other place where the number stands."""
    conf = configparser.RawConfigParser(comment_prefixes=(";",), delimiters=("=",))
    conf.read(supervisord_conf())
    for name in MODEL_SERVICES:
        spare = conf.getint(f"program:{name}_spare", "numprocs")
        assert 1 + spare == SLOTS
