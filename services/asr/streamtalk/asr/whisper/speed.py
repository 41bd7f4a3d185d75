"""How quickly a loaded Whisper works on this machine, and what a call may cost by that."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from streamtalk.asr.pace import Pace
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError

TOKENS: Final = 24
"""Tokens of an utterance whatever its length: times, the beginning of a word that is cut off."""

TOKENS_PER_S: Final = 12.0
"""People say up to 6 syllables a second; in Chinese each may take two tokens."""

MOST_TOKENS: Final = 200
"""With a prompt of half the model's 448 tokens, no more fit."""

_WINDOW_MS: Final = 28_000.0
"""What the streamer decodes at most at a time; the model encodes 30 s for it."""

_MEASURED: Final = 16


@dataclass(frozen=True)
class Speed:
    """What was measured."""

    encode_ms: float
    """Of one window of 30 s, however much of it is silence."""

    token_ms: float
    """Of one step of the decoder, with all beams."""


def token_limit(audio_s: float) -> int:
    """No more than this is decoded of so much audio: a loop of the model ends there."""
    return min(round(TOKENS + TOKENS_PER_S * audio_s), MOST_TOKENS)


def pace_of(speed: Speed, tries: int) -> Pace:
    """What a call costs at worst, where every temperature is tried to the limit of tokens."""
    per_window = speed.encode_ms + TOKENS * speed.token_ms * tries
    per_ms = TOKENS_PER_S / 1_000.0 * speed.token_ms * tries + speed.encode_ms / _WINDOW_MS
    return Pace(per_window, per_ms)


def measure(model: Any, plan: Mapping[str, Any]) -> Speed:  # noqa: ANN401 — untyped library
    """Time one encoding and a few tokens of a warm `faster_whisper.WhisperModel`.

    Always of the whole window of 30 s. Raises EngineError for weights that are none.
    """
    from ctranslate2 import StorageView  # noqa: PLC0415 — loaded with the model

    frames = model.feature_extractor.nb_max_frames
    features = model.feature_extractor(np.zeros(MIC_RATE_HZ, np.float32))
    window = np.pad(features, [(0, 0), (0, frames)])[None, :, :frames]
    storage = StorageView.from_array(np.ascontiguousarray(window))
    began_ns = time.monotonic_ns()
    encoded = model.model.encode(storage)
    encoded_ns = time.monotonic_ns()
    token = model.hf_tokenizer.token_to_id
    prompt = [token(f"<|{name}|>") for name in ("startoftranscript", "en", "transcribe")]
    # The end of the text is forbidden, so that as many tokens come as are asked for.
    (result,) = model.model.generate(
        encoded,
        [prompt],
        beam_size=plan["beam_size"],
        max_length=len(prompt) + _MEASURED,
        suppress_tokens=[token("<|endoftext|>")],
        return_scores=True,
    )
    ended_ns = time.monotonic_ns()
    if not np.isfinite(result.scores).all():
        raise EngineError("the model computes no numbers: its weights are damaged, fetch it again")
    return Speed(
        encode_ms=(encoded_ns - began_ns) / 1e6,
        token_ms=(ended_ns - encoded_ns) / 1e6 / _MEASURED,
    )
