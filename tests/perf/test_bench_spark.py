"""`streamtalk bench spark` as a smoke test: what its tables hold, never how long anything took."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mlx.core")

pytestmark = pytest.mark.perf


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from streamtalk.cli.main import main; main()"]
    return subprocess.run(
        [*command, "bench", "spark", *arguments], capture_output=True, text=True, check=False
    )


def _found(path: Path, *arguments: str) -> tuple[str, dict[str, Any]]:
    done = _run(*arguments, "--json", str(path))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return done.stdout, found


@pytest.mark.timeout(400)
def test_tiny_checkpoint_is_measured(tmp_path: Path) -> None:
    """Errors fall with the look-ahead to nothing, caches save work, and no figure is Spark's."""
    printed, found = _found(tmp_path / "spark.json", "--tiny", "--short")
    assert printed.startswith("random weights: nothing here is a figure of Spark-TTS")
    assert (found["weights"], found["precision"], found["rounds"]) == ("random", "fp32", 2)
    assert [row["ahead"] for row in found["errors"]] == [0, 10, 67]
    for kind in ("windows_db", "caches_db"):
        errors = [row[kind] for row in found["errors"]]
        assert errors == sorted(errors)
        assert errors[-1] > 120
    assert [row["new"] for row in found["windows"]] == [8, 28]
    for row in found["windows"]:
        assert 0 < row["caches_mflop"] < row["windows_mflop"]
        assert row["caches_overhead"] < row["windows_overhead"]
    assert found["windows"][1]["caches_overhead"] < 0.15
    assert set(found["costs_ms"]) == {"prompt", "token", "window", "window_frame"}
    assert all(shape.count("/") == 1 for shape in found["schedule"])
    assert found["machine"]["load_average"] >= 0
    for label in ("look-ahead frames", "steady chunks", "first audio p50", "machine:"):
        assert label in printed


def test_predictions_are_called_so(tmp_path: Path) -> None:
    """Four machines, four kinds of weights, three modes; those to reach are, without a wait."""
    printed, found = _found(tmp_path / "predicted.json", "--predict")
    assert printed.startswith("predicted, nothing here was measured")
    rows = found["predicted"]
    names = ("machine", "quantisation", "mode")
    by_name = {tuple(row[name] for name in names): row for row in rows}
    machines = {row["machine"] for row in rows}
    assert machines == {"M1", "M2 Pro", "M4 Max", "H200"}
    assert len(by_name) == len(rows) == 4 * 3 * len({row["quantisation"] for row in rows})
    for machine, limit_ms in (("M1", 230), ("M2 Pro", 95)):
        row = by_name[machine, "q8", "fast"]
        assert row["first_audio_ms"] <= limit_ms
        assert (row["underruns"], row["real_time"]) == (0, True)
    assert len(printed.splitlines()) == len(rows) + 2


def test_unclear_wish_is_wrong_usage() -> None:
    """A checkpoint and the tiny one."""
    done = _run("--tiny", "--model", "here")
    assert done.returncode == 2
    assert "leave --model out, or --tiny" in done.stderr


def test_published_weights_are_meant_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they are not here yet, the command that fetches them is named."""
    for name in ("HOME", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    done = _run()
    assert done.returncode == 1
    assert "`streamtalk fetch tts --model SparkAudio/Spark-TTS-0.5B` fetches it" in done.stderr
