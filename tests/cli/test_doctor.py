"""`doctor` tells whether a conversation is possible, and what to do when it is not."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import command, private_environment, private_folder

pytestmark = pytest.mark.process


@pytest.fixture
def folder() -> Iterator[Path]:
    """A home with nothing in it."""
    with private_folder() as found:
        yield found


def _bad(out: str) -> list[str]:
    rows = json.loads(out)["findings"]
    return [row["topic"] for row in rows if row["verdict"] == "bad"]


def test_default_install_can_hold_a_conversation(folder: Path) -> None:
    """Each stage has an engine and says where its model lies; nothing essential is missing."""
    done = command(private_environment(folder), "doctor", "--json")
    report = json.loads(done.out)
    assert (done.code, report["possible"], report["running"]) == (0, True, False)
    subjects = " ".join(row["subject"] for row in report["findings"])
    for stage in ("vad:", "turn:", "asr:", "tts:", "llm:"):
        assert stage in subjects


def test_each_note_says_what_to_do(folder: Path) -> None:
    """Whatever is not right comes with advice."""
    done = command(private_environment(folder), "doctor", "--json")
    rows = json.loads(done.out)["findings"]
    assert [row for row in rows if row["verdict"] != "ok" and not row["advice"]] == []


def test_missing_engine_makes_it_impossible(folder: Path) -> None:
    """A voice that is not there is the one line that is bad; exit 1."""
    environment = private_environment(folder, STREAMTALK_TTS__ENGINE="espek")
    done = command(environment, "doctor", "--json")
    assert (done.code, _bad(done.out)) == (1, ["engines"])
    assert "did you mean espeak" in done.out


def test_model_that_is_still_on_its_hub_is_told(folder: Path) -> None:
    """It comes at the start, or at once by the command that is named; a broken folder is bad."""
    variables = {
        "STREAMTALK_TTS__ENGINE": "spark_mlx",
        "STREAMTALK_TTS__ENGINES__SPARK_MLX__MODEL": "owner/spark",
    }
    pytest.importorskip("mlx.core")
    done = command(private_environment(folder, **variables), "doctor", "--json")
    assert (done.code, _bad(done.out)) == (0, [])
    assert "owner/spark is fetched at the start; `streamtalk fetch tts`" in done.out
    variables["STREAMTALK_TTS__ENGINES__SPARK_MLX__MODEL"] = str(folder)
    done = command(private_environment(folder, **variables), "doctor", "--json")
    assert (done.code, _bad(done.out)) == (1, ["engines"])
    assert "is missing; download the Spark-TTS checkpoint again" in done.out


def test_run_directory_that_is_too_long_is_found(folder: Path) -> None:
    """Before `up` fails on it."""
    deep = folder / ("d" * 120)
    done = command(private_environment(folder), "doctor", "--json", "--run-dir", str(deep))
    assert (done.code, _bad(done.out)) == (1, ["run directory"])
    assert not deep.exists()


def test_broken_configuration_is_found(folder: Path) -> None:
    """With the key and the nearest valid one."""
    path = folder / "streamtalk.toml"
    path.write_text("[tts]\nengin = 'espeak'\n")
    done = command(private_environment(folder), "doctor", "--config", str(path))
    assert (done.code, "tts.engine" in done.out) == (1, True)
