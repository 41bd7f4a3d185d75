"""Spoken commands and human recordings through the real embedded engines, in real time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from streamtalk.asr.score import ErrorRate, word_errors
from streamtalk.cli.bench_asr.recordings import MANIFEST, rows
from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.cli.bench_stack import BenchStack
from streamtalk.cli.report import build_report
from streamtalk.cli.utterances import Utterance, Utterances
from streamtalk.cli.wav_edge import WavEdge
from streamtalk.client.rundir import RunDir
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ
from streamtalk.tts.config import EspeakSettings
from streamtalk.tts.engine import Emit, Order
from streamtalk.tts.engines.espeak import EspeakEngine

COMMANDS: Final = (
    "what time is it",
    "what is the date",
    "what day is it",
    "what is seven plus five",
    "what is twelve times four",
    "set a timer for ten minutes",
    "speak slower",
    "speak faster",
    "what can you do",
    "repeat that",
)
"""What the built-in assistant understands; each is the only turn of its own session."""

_LEAD_S: Final = 0.6
_LONGEST_S: Final = 15.0
_PEAK: Final = 0.5

Samples = NDArray[np.int16]
"""Shape (samples,), 16 kHz."""


@dataclass(frozen=True)
class Said:
    """What one session hears, and what it should understand."""

    name: str
    text: str
    read: Callable[[], Samples]


def synthesise(text: str, voice: str = "en-us") -> Samples:
    """The text in one of eSpeak's voices, after a moment of silence."""
    engine = EspeakEngine(EspeakSettings(voices={"en": voice}))
    engine.load()
    audio: list[NDArray[np.float32]] = []
    for _ in engine.speak(Order(text, language="en"), _collect(audio)):
        pass
    said = soxr.resample(np.concatenate(audio), SPEECH_RATE_HZ, MIC_RATE_HZ)
    said *= _PEAK / max(float(np.abs(said).max()), 1e-6)
    lead = np.zeros(int(_LEAD_S * MIC_RATE_HZ), np.float32)
    return np.asarray(np.concatenate([lead, said]) * 32_767, np.int16)


def _collect(audio: list[NDArray[np.float32]]) -> Emit:
    def emit(samples: NDArray[np.float32]) -> bool:
        audio.append(samples.copy())
        return True

    return emit


def synthetic(count: int) -> list[Said]:
    """So many commands, from the first again after the last."""
    texts = [COMMANDS[number % len(COMMANDS)] for number in range(count)]
    return [
        Said(f"synthetic-{number}", text, partial(synthesise, text))
        for number, text in enumerate(texts)
    ]


def human(folder: Path, count: int) -> list[Said]:
    """English recordings with a transcript, the short ones; none where the folder is absent."""
    if not (folder / MANIFEST).is_file():
        return []
    wanted = [r for r in rows(folder) if r.file.startswith("en/") and r.transcript]
    short = [r for r in wanted if r.seconds is not None and r.seconds <= _LONGEST_S]
    return [
        Said(f"human-{number}", row.transcript or "", partial(read_microphone, folder / row.file))
        for number, row in enumerate(short[:count])
    ]


def measure(commands: int, folder: Path, recordings: int) -> dict[str, Any]:
    """Rows of synthetic and of human speech, apart."""
    meter = Meter()
    with BenchStack({"orchestrator": {"llm_engine": "builtin"}}) as stack:
        rows = [_row("synthetic", stack.run_dir, synthetic(commands))]
        if people := human(folder, recordings):
            rows.append(_row("human", stack.run_dir, people))
    return {"rows": rows, "machine": meter.stop()}


def _row(kind: str, run_dir: RunDir, said: list[Said]) -> dict[str, Any]:
    reports = [(one, _hold(run_dir, one)) for one in said]
    turns = [turn for _, report in reports for turn in report["turns"]]
    times = [t["voice_to_voice_ms"] for t in turns if t["voice_to_voice_ms"] is not None]
    wrong = sum((_errors(one, report) for one, report in reports), ErrorRate(0, 0))
    return {
        "row": kind,
        "clips": len(said),
        "turns": len(turns),
        "turns_in_error": sum(turn["error"] is not None for turn in turns),
        "voice_to_voice_p50_ms": percentile(times, 0.5) if times else None,
        "voice_to_voice_p95_ms": percentile(times, 0.95) if times else None,
        "word_error_rate": round(wrong.rate, 3) if wrong.units else None,
        "reply_frames_late": sum(r["audio"]["reply_frames_late"] for _, r in reports),
        "mic_frames_lost": sum(r["audio"]["mic_frames_lost"] for _, r in reports),
        "engines": reports[0][1]["engines"],
        "sessions": [{"text": one.text, "turns": report["turns"]} for one, report in reports],
    }


def _hold(run_dir: RunDir, said: Said) -> dict[str, Any]:
    utterances = Utterances([Utterance(said.name, said.read())])
    turns = WavEdge(run_dir, said.name, "en").run(utterances, None, lambda _: None)
    return build_report(said.name, utterances.said, turns)


def _errors(said: Said, report: dict[str, Any]) -> ErrorRate:
    return word_errors(said.text, " ".join(turn["user_text"] for turn in report["turns"]))


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person."""
    yield "row        clips  turns  voice-to-voice p50 / p95 ms  word error rate  late  lost"
    for row in found["rows"]:
        times = f"{row['voice_to_voice_p50_ms']} / {row['voice_to_voice_p95_ms']}"
        yield (
            f"{row['row']:10} {row['clips']:5}  {row['turns']:5}  {times:>27}  "
            f"{row['word_error_rate']!s:>15}  {row['reply_frames_late']:4}  "
            f"{row['mic_frames_lost']:4}"
        )
    yield ", ".join(f"{stage} {engine}" for stage, engine in found["rows"][0]["engines"].items())
