"""The short form of each benchmark, as a smoke test: figures are printed, none is judged."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

from streamtalk.cli.bench_asr.scripts import spoken

pytestmark = pytest.mark.perf


def _bench(name: str, path: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, "-c", "from streamtalk.cli.main import main; main()"]
    arguments = ["bench", name, "--short", "--json", str(path), *options]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "machine:" in done.stdout
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_bench_bus_measures_us_and_the_bare_library(tmp_path: Path) -> None:
    """Both sides of the comparison are in every result, with the load beside them."""
    found = _bench("bus", tmp_path / "bus.json")
    assert set(found["cases"]) == {"frame", "frame_bare", "call", "call_bare"}
    assert all(0 < row["p50_us"] <= row["p99_us"] for row in found["cases"].values())
    assert found["machine"]["load_average"] >= 0


def test_bench_pipeline_answers_the_turn(tmp_path: Path) -> None:
    """The scripted reply is played to its last frame through real processes."""
    (row,) = _bench("pipeline", tmp_path / "pipeline.json")["rows"]
    assert (row["row"], row["frames"], row["missing_frames"]) == ("scripted", 120, 0)


def test_bench_talk_understands_what_it_synthesised(tmp_path: Path) -> None:
    """Rows say what kind of speech they are, and which engines heard it."""
    (row,) = _bench("talk", tmp_path / "talk.json")["rows"]
    assert (row["row"], row["clips"], row["turns_in_error"]) == ("synthetic", 2, 0)
    assert row["engines"]["asr"] == "pocketsphinx"
    assert row["voice_to_voice_p50_ms"] > 0


def test_bench_hangs_mends_every_hang(tmp_path: Path) -> None:
    """Each of the five kinds is found by the watchdog, and the slot serves again."""
    rows = _bench("hangs", tmp_path / "hangs.json")["rows"]
    assert len({row["hang"] for row in rows}) == len(rows) == 5
    assert all(0 < row["killed_after_s"] <= row["ready_after_s"] for row in rows)


def test_bench_pipeline_compares_shares(tmp_path: Path) -> None:
    """The same load twice in one run: background work that competes, and such that gives way."""
    rows = _bench("pipeline", tmp_path / "shares.json", "--shares")["rows"]
    found = [(row["kind"], row["background_nice"], row["missing_frames"]) for row in rows]
    assert found == [("duplex", 0, 0), ("duplex", 10, 0)]


def test_bench_asr_scores_what_was_synthesised(tmp_path: Path) -> None:
    """A manifest of eSpeak's sentences through a real process: errors, latencies, the engine."""
    rows = []
    for script in spoken()[:2]:
        soundfile.write(tmp_path / f"{script.name}.wav", script.samples, 16_000)
        text = "".join(word.text for word in script.words).strip()
        row = {"file": f"{script.name}.wav", "language": "en", "transcript": text}
        rows.append(json.dumps(row))
    (tmp_path / "manifest.jsonl").write_text("\n".join(rows), encoding="utf-8")
    found = _bench("asr", tmp_path / "asr.json", str(tmp_path), "--fast")
    (engine,) = found["engines"]
    assert (engine["engine"], engine["recordings"]) == ("pocketsphinx", 2)
    (row,) = engine["accuracy"]
    low, high = row["interval_95"]
    assert low <= row["error_rate"] <= high
    assert engine["final_ms"]["p50"] > 0


def test_bench_asr_shows_what_streaming_gains(tmp_path: Path) -> None:
    """Both ways of decoding in one table, the same words in the same turns."""
    found = _bench("asr", tmp_path / "streaming.json", str(tmp_path), "--scripted")
    streamed, whole = found["rows"]
    assert streamed["turns"] == whole["turns"] > 0
    assert streamed["longest_window_s"] < whole["longest_window_s"]
    assert found["monologue"]["longest_window_s"] < 4


def test_bench_failover_tells_what_was_heard(tmp_path: Path) -> None:
    """Every kind of failure, for both kinds of marks; gaps are printed, not judged."""
    runs = _bench("failover", tmp_path / "failover.json")["runs"]
    assert [run["exact"] for run in runs] == [True, False]
    assert all(
        {row["kind"] for row in run["rows"]} == {"error", "stall", "silence"} for run in runs
    )
    assert all(run["summary"]["skipped"] == 0 for run in runs)


def test_bench_tts_tells_cold_warm_and_cached_apart(tmp_path: Path) -> None:
    """Two languages, the way by itself, and cancels that came while a piece was being made."""
    found = _bench("tts", tmp_path / "tts.json")
    cases = {(row["language"], row["case"]) for row in found["rows"]}
    assert cases == {("", "way")} | {
        (language, case) for language in ("en", "zh") for case in ("cold", "warm", "cached")
    }
    assert all(row["first_frame_p50_ms"] > 0 for row in found["rows"])
    assert [row["engine"] for row in found["cancels"]] == ["espeak"]


def test_bench_tts_refuses_an_unknown_engine(tmp_path: Path) -> None:
    """An unknown engine is wrong usage, told in one line before anything is started."""
    command = [sys.executable, "-c", "from streamtalk.cli.main import main; main()"]
    arguments = ["bench", "tts", "--engines", "flute"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "no engine flute" in done.stderr
