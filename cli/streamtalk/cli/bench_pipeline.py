"""The whole road with scripted engines of exact cost: what our own part of it adds.

The costs are those of the project's yardstick: VAD 0.3 ms of CPU for each chunk, ASR 120 ms, the
first token after 150 ms and then 50 a second, TTS 100 ms to the first chunk, then a real-time
factor of 0.3. What is left after the ideal sum of these is ours.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from streamtalk.cli.bench_edge import (
    FRAME_NS,
    LEAD_FRAMES,
    PARTIAL_MS,
    PERIOD_FRAMES,
    SPEECH_FRAMES,
    Told,
    is_speech,
)
from streamtalk.cli.bench_machine import Meter, percentile, process_tree, pss_mb
from streamtalk.cli.bench_stack import BenchStack, Tables
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_SAMPLES
from streamtalk.proto.errors import EngineError
from streamtalk.runtime.config import ServiceConfig
from streamtalk.vad.config import SegmenterSettings
from streamtalk.vad.segmenter import Segmenter
from streamtalk.vad.tracker import CHUNK_SAMPLES

KINDS: Final = ("gil", "nogil", "duplex")
"""Engines that hold the GIL, that release it, and that hold it while partials go on."""

SHARES: Final = (0, ServiceConfig().background_nice)
"""`background_nice` as if there were none, and as it is."""

VAD_MS: Final = 0.3
ASR_MS: Final = 120.0
LLM_FIRST_MS: Final = 150.0
LLM_TOKEN_MS: Final = 20.0
TTS_FIRST_MS: Final = 100.0
TTS_FACTOR: Final = 0.3
PHRASES: Final = 6
TOKENS_IN_PHRASE: Final = 5
PIECE_MS: Final = 400.0
CHUNK_MS: Final = 200
ONSET_MS: Final = 96.0
HANGOVER_MS: Final = 224.0
REPLY_FRAMES: Final = int(PHRASES * PIECE_MS / FRAME_MS)
STAGES: Final = ("vad", "asr", "turn", "llm_first_text", "tts_first_audio", "playback")
SESSIONS_FOR_TWO_VOICES: Final = 8
"""One TTS process is the first ceiling: eight sessions need 1.17 cores of it."""

_LATE_NS: Final = 20_000_000
_PSS_AFTER_S: Final = 4.0
_EDGE_S: Final = 300.0


def tables(kind: str, background_nice: int | None = None) -> Tables:
    """Configuration of every service for one kind of engine; without a number, as it ships."""
    found = _tables(kind)
    if background_nice is not None:
        for service in ("vad", "asr", "turn", "tts"):
            found[service]["background_nice"] = background_nice
    return found


def _tables(kind: str) -> dict[str, dict[str, Any]]:
    hold = kind != "nogil"
    phrase = ["tok "] * (TOKENS_IN_PHRASE - 1) + ["tok！"]
    voice = {
        "first_chunk_ms": TTS_FIRST_MS,
        "real_time_factor": TTS_FACTOR,
        "hold_gil": hold,
        "chunk_ms": CHUNK_MS,
        "piece_ms": PIECE_MS,
    }
    asr = {"cost_ms": ASR_MS, "partial_cost_ms": ASR_MS, "gil": hold}
    return {
        "vad": {
            "engine": "scripted",
            "engines": {"scripted": {"cost_ms": VAD_MS, "hold_gil": hold}},
            "segmenter": {"min_speech_ms": ONSET_MS, "min_silence_ms": HANGOVER_MS},
        },
        "asr": {"engine": "scripted", "engines": {"scripted": asr}},
        "turn": {"engine": "scripted", "engines": {"scripted": {"commit_after_ms": 0}}},
        "tts": {"engine": "scripted", "engines": {"scripted": voice}},
        "orchestrator": {
            "llm_engine": "scripted",
            "scripted_llm": {
                "tokens": phrase * PHRASES,
                "first_token_ms": LLM_FIRST_MS,
                "token_ms": LLM_TOKEN_MS,
            },
            "splitter": {"first_min_chars": 1, "group_clauses": 1},
            "hearing": {"partial_every_ms": 0},
            # On a machine too slow, replies meet the next turn: they are played all the same.
            "conversation": {"barge_in_ms": 60_000},
        },
    }


def detection_frame(turn: int) -> int:
    """Number of the microphone frame with which the pause of a turn becomes certain."""
    settings = SegmenterSettings(min_speech_ms=ONSET_MS, min_silence_ms=HANGOVER_MS)
    segmenter = Segmenter(settings, 0)
    last_loud = LEAD_FRAMES + turn * PERIOD_FRAMES + SPEECH_FRAMES - 1
    for start in range(0, (last_loud + PERIOD_FRAMES) * MIC_FRAME_SAMPLES, CHUNK_SAMPLES):
        end = start + CHUNK_SAMPLES
        first, last = start // MIC_FRAME_SAMPLES, (end - 1) // MIC_FRAME_SAMPLES
        loud = float(any(map(is_speech, range(first, last + 1))))
        paused = segmenter.feed(start, end, loud) and not segmenter.speaking
        if paused and last > last_loud:
            return last
    raise EngineError(f"the pause of turn {turn} is never found")


def ideal_ms(turn: int) -> float:
    """From the last frame of speech to the first of the reply, were all else free."""
    last_loud = LEAD_FRAMES + turn * PERIOD_FRAMES + SPEECH_FRAMES - 1
    waiting_ms = (detection_frame(turn) - last_loud) * FRAME_MS
    text_ms = LLM_FIRST_MS + (TOKENS_IN_PHRASE - 1) * LLM_TOKEN_MS
    return waiting_ms + VAD_MS + ASR_MS + text_ms + TTS_FIRST_MS


def scripted_cpu_s(turns: int, sessions: int, frames: int) -> float:
    """CPU time that the scripted stages take in a run by themselves."""
    chunks = PHRASES * PIECE_MS / CHUNK_MS
    reply_ms = TTS_FIRST_MS + (chunks - 1) * CHUNK_MS * TTS_FACTOR
    vad_ms = frames * MIC_FRAME_SAMPLES / CHUNK_SAMPLES * VAD_MS
    return sessions * (turns * (ASR_MS + reply_ms) + vad_ms) / 1000


def run(kind: str, sessions: int, turns: int, background_nice: int | None = None) -> dict[str, Any]:
    """One row of the table."""
    replicas = 2 if sessions >= SESSIONS_FOR_TWO_VOICES else 1
    with BenchStack(tables(kind, background_nice), replicas) as stack:
        command = [sys.executable, "-m", "streamtalk.cli.bench_edge", str(stack.run_dir.path)]
        options = ["--partials"] if kind == "duplex" else []
        meter = Meter()
        process = subprocess.Popen(
            [*command, str(sessions), str(turns), *options], stdout=subprocess.PIPE
        )
        time.sleep(_PSS_AFTER_S)
        pids = [p.pid for p in process_tree(os.getpid()) if p.pid != os.getpid()]
        memory_mb = pss_mb(pids)
        output, _ = process.communicate(timeout=_EDGE_S)
        machine = meter.stop()
        stages = stage_medians(stack.run_dir.logs / "orchestrator_0.log")
    told = msgspec.json.decode(output, type=list[Told])
    return {
        "kind": kind,
        "background_nice": SHARES[1] if background_nice is None else background_nice,
        "row": "scripted",
        "sessions": sessions,
        "turns": turns,
        "tts_replicas": replicas,
        "processes": len(pids),
        **judge(told, turns),
        **_own_cpu(kind, sessions, turns, told, machine),
        "pss_mb": memory_mb,
        "stages_ms": stages,
        "machine": machine,
    }


def stage_medians(log: Path) -> dict[str, float]:
    """Median milliseconds of each stage, from the line that the orchestrator logs for a turn."""
    rows = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    turns = [row["stages_ms"] for row in rows if row["event"] == "turn"]
    return {
        stage: round(percentile([turn[stage] for turn in turns if stage in turn], 0.5), 1)
        for stage in STAGES
        if any(stage in turn for turn in turns)
    }


def _own_cpu(
    kind: str, sessions: int, turns: int, told: list[Told], machine: dict[str, Any]
) -> dict[str, Any]:
    """CPU of a core for each session that is not scripted work."""
    frames = LEAD_FRAMES + turns * PERIOD_FRAMES
    scripted_s = scripted_cpu_s(turns, sessions, frames)
    skipped = sum(row.partials_skipped for row in told)
    if kind == "duplex":
        asked = sessions * int(frames * FRAME_MS / PARTIAL_MS)
        scripted_s += (asked - skipped) * ASR_MS / 1000
    own_s = machine["own_cores"] * machine["seconds"] - scripted_s
    return {
        "own_cpu_percent_per_session": round(100 * own_s / machine["seconds"] / sessions, 2),
        "partials_skipped": skipped,
    }


def judge(told: list[Told], turns: int) -> dict[str, Any]:
    """Voice-to-voice beyond the ideal, late and missing frames of all sessions."""
    over_ms: list[float] = []
    late = 0
    for row in told:
        pairs = zip(row.ended_ns, row.played_ns, strict=False)
        for turn, (ended_ns, played_ns) in enumerate(pairs):
            over_ms.append((played_ns[0] - ended_ns) / 1e6 - ideal_ms(turn))
            late += late_frames(played_ns)
    played = sum(len(frames) for row in told for frames in row.played_ns)
    return {
        "v2v_over_p50_ms": round(percentile(over_ms, 0.5), 1) if over_ms else None,
        "v2v_over_max_ms": round(max(over_ms), 1) if over_ms else None,
        "frames": played,
        "late_frames": late,
        "missing_frames": len(told) * turns * REPLY_FRAMES - played,
    }


def late_frames(played_ns: list[int]) -> int:
    """Frames more than 20 ms after their time; each makes the clock of those behind it anew."""
    late, due_ns = 0, played_ns[0]
    for at_ns in played_ns[1:]:
        due_ns += FRAME_NS
        if at_ns - due_ns > _LATE_NS:
            late += 1
            due_ns = at_ns
    return late


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The result for a person."""
    heads = ("v2v+ p50 / max ms", "late / frames", "own CPU", "PSS MB", "other cores")
    yield f"{'kind':8}nice  sessions  " + "  ".join(f"{head:>17}" for head in heads)
    for row in rows:
        cells = (
            f"{row['v2v_over_p50_ms']} / {row['v2v_over_max_ms']}",
            f"{row['late_frames']} / {row['frames']}",
            f"{row['own_cpu_percent_per_session']} %/session",
            f"{row['pss_mb']}",
            f"{row['machine']['other_cores']}",
        )
        head = f"{row['kind']:8}+{row['background_nice']:<3}{row['sessions']:10}  "
        yield head + "  ".join(f"{cell:>17}" for cell in cells)
        stages = ", ".join(f"{stage} {ms}" for stage, ms in row["stages_ms"].items())
        yield f"{'':22}  median ms: {stages}"
