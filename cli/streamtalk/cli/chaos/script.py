"""What a stack under chaos runs: scripted engines, whose replies have a known length."""

from pathlib import Path
from typing import Any, Final

from streamtalk.proto.audio import FRAME_MS
from streamtalk.proto.directory import MODEL_SERVICES

PHRASES: Final = 4
PIECE_MS: Final = 400
CLAUSE_FRAMES: Final = PIECE_MS // FRAME_MS
REPLY_FRAMES: Final = PHRASES * CLAUSE_FRAMES
"""Frames of a reply that nobody cuts."""

ASR_MS: Final = 120.0
LLM_FIRST_MS: Final = 200.0
STALL_S: Final = 3.0
_TOKEN_MS: Final = 60.0
"""A reply is written for 0.9 s, so that it is often killed while it is."""

_FIRST_CHUNK_MS: Final = 60.0
_FACTOR: Final = 0.05


def hang_file(orders: Path, service: str) -> Path:
    """Whoever finds it hangs: written by the conductor, taken away by the engine."""
    return orders / f"{service}.hang"


def tables(
    orders: Path | None = None, base_url: str = "", *, patient: bool = True
) -> dict[str, Any]:
    """Configuration of every service.

    Engines take orders to hang from the folder `orders`; with `base_url` a language model's server
    is asked. A `patient` watchdog starts at once what dies many times a minute, as nothing but
    the matrix makes it.
    """
    hang = {
        name: {"hang_file": str(hang_file(orders, name)) if orders else ""}
        for name in MODEL_SERVICES
    }
    voice = {
        "first_chunk_ms": _FIRST_CHUNK_MS,
        "real_time_factor": _FACTOR,
        "piece_ms": PIECE_MS,
        **hang["tts"],
    }
    return {
        "watchdog": {"crash_limit": 20} if patient else {},
        "vad": {
            "engine": "scripted",
            "engines": {"scripted": hang["vad"]},
            "segmenter": {"min_speech_ms": 96.0, "min_silence_ms": 224.0},
        },
        "asr": {"engine": "scripted", "engines": {"scripted": {"cost_ms": ASR_MS, **hang["asr"]}}},
        "turn": {
            "engine": "scripted",
            "engines": {"scripted": {"commit_after_ms": 0, **hang["turn"]}},
        },
        "tts": {"engine": "scripted", "engines": {"scripted": voice}},
        "orchestrator": {
            **_language_model(base_url),
            "splitter": {"first_min_chars": 1, "group_clauses": 1},
            "hearing": {"partial_every_ms": 0},
        },
    }


def _language_model(base_url: str) -> dict[str, Any]:
    if base_url:
        return {
            "llm_engine": "openai",
            "llm": {
                "base_url": base_url,
                "first_token_timeout_s": STALL_S,
                "stall_timeout_s": STALL_S,
                "answer_chars": 200,
                "breaker_s": 1.0,
            },
        }
    return {
        "llm_engine": "scripted",
        "scripted_llm": {
            "tokens": ["tok ", "tok ", "tok！"] * PHRASES,
            "first_token_ms": LLM_FIRST_MS,
            "token_ms": _TOKEN_MS,
        },
    }
