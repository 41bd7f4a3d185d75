"""What this machine does with the smallest Whisper: measured once, and kept in the cache.

Deleting the file has it measured anew.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from streamtalk.asr.whisper.speed import Speed
from streamtalk.client.rundir import user_cache_dir

_RUNS: Final = 3
_TOKENS: Final = 16
_FRAMES: Final = 3_000
_MELS: Final = 80


class Conditions(msgspec.Struct, frozen=True):
    """Under which it was measured; under others it says nothing."""

    cores: int
    threads: int
    device: str
    """As configured, so that it can be compared without loading anything; so is the next."""

    compute_type: str
    beam: int


class _Kept(msgspec.Struct, frozen=True):
    conditions: Conditions
    encode_ms: float
    token_ms: float


def remembered(conditions: Conditions) -> Speed | None:
    """What was measured before under these conditions."""
    try:
        kept = msgspec.json.decode(_path().read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return None
    return Speed(kept.encode_ms, kept.token_ms) if kept.conditions == conditions else None


def remember(conditions: Conditions, speed: Speed) -> None:
    """Keep it for the next time."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".json.new")
    kept = _Kept(conditions, round(speed.encode_ms, 1), round(speed.token_ms, 2))
    fresh.write_bytes(msgspec.json.encode(kept))
    fresh.replace(path)


def measured(conditions: Conditions) -> Speed:
    """What is remembered, or is measured now: 5 s and 200 MB of memory.

    On a processor its time is counted, not the clock's: what others do meanwhile says nothing
    about the model that will be chosen.
    """
    found = remembered(conditions)
    if found is None:
        found = _measure(conditions)
        remember(conditions, found)
    return found


def compute_type(device: str, wish: str) -> str:
    """Int8 on a processor, int8 with float16 sums on a CUDA card, unless configured."""
    if wish != "auto":
        return wish
    from ctranslate2 import get_cuda_device_count  # noqa: PLC0415 — 0.5 s to import

    cuda = device == "cuda" or (device == "auto" and get_cuda_device_count())
    return "int8_float16" if cuda else "int8"


def _measure(conditions: Conditions) -> Speed:
    import ctranslate2  # noqa: PLC0415 — as above

    from streamtalk.asr.whisper.random_model import SHAPES, write_random  # noqa: PLC0415 — as above

    with tempfile.TemporaryDirectory() as folder:
        write_random(Path(folder), SHAPES["tiny"])
        model = ctranslate2.models.Whisper(
            folder,
            device=conditions.device,
            compute_type=compute_type(conditions.device, conditions.compute_type),
            intra_threads=conditions.threads,
        )
    clock_ns = time.process_time_ns if model.device == "cpu" else time.monotonic_ns
    share = conditions.threads if model.device == "cpu" else 1
    features = ctranslate2.StorageView.from_array(np.zeros((1, _MELS, _FRAMES), np.float32))
    encode_ms, token_ms = [], []
    for _ in range(_RUNS):
        began_ns = clock_ns()
        encoded = model.encode(features)
        encoded_ns = clock_ns()
        _decode(model, encoded, conditions.beam)
        encode_ms.append((encoded_ns - began_ns) / 1e6 / share)
        token_ms.append((clock_ns() - encoded_ns) / 1e6 / share / _TOKENS)
    return Speed(min(encode_ms), min(token_ms))


def _decode(model: Any, encoded: Any, beam: int) -> None:  # noqa: ANN401 — untyped library
    prompt = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>"]
    end = 50_257
    length = len(prompt) + _TOKENS
    model.generate(encoded, [prompt], beam_size=beam, max_length=length, suppress_tokens=[end])


def _path() -> Path:
    return user_cache_dir() / "whisper-speed.json"


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
