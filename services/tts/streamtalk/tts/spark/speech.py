"""The whole model: prompt, tokens and samples of one piece after the other. One thread owns it."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from streamtalk.proto.errors import EngineError
from streamtalk.tts.spark.bicodec import load_decoder
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.chunking import STEADY_AHEAD, Reach, Shape
from streamtalk.tts.spark.geometry import macs_per_frame, wave_macs_per_frame
from streamtalk.tts.spark.limits import Limits, SilenceRun, expected_frames
from streamtalk.tts.spark.matrix import Precision
from streamtalk.tts.spark.prompt import Style, clone_prompt, created_voice, creation_prompt, encode
from streamtalk.tts.spark.qwen2 import load_llm
from streamtalk.tts.spark.sampling import Sampler, Sampling, generate
from streamtalk.tts.spark.schedule import Mode, Schedule, derive
from streamtalk.tts.spark.seam import Audio
from streamtalk.tts.spark.timeline import Costs
from streamtalk.tts.spark.vocabulary import Vocabulary
from streamtalk.tts.spark.voices import StoredVoice
from streamtalk.tts.spark.windows import CachedStream

_RATE_HZ: Final = 16_000
_HEADROOM: Final = 1.1
"""The machine is taken for so much slower than it was measured to be."""

_TRIAL_TOKENS: Final = 24
_TRIAL_SHAPES: Final = (Shape(8, 4), Shape(8, 10), Shape(28, 10), Shape(28, STEADY_AHEAD))
_STYLE_TOKEN: Final = re.compile(
    r"<\|(bicodec_global_\d+|\w+_(value|label)_\d+|(start|end)_\w+)\|>"
)
_CREATION_TOKENS: Final = 400
_BUCKET_FRAMES: Final = 250
"""Schedules are derived for texts of so many lengths only."""

Wanted = Callable[[], bool]
"""Whether the piece is still wanted; asked between tokens."""


class SparkModel:
    """A checkpoint that speaks."""

    def __init__(
        self, folder: Path, precision: Precision, sampling: Sampling, limits: Limits
    ) -> None:
        checkpoint = Checkpoint(folder)
        self.decoder = load_decoder(checkpoint)
        self.limits = limits
        self._sampling = sampling
        self._tokenizer = checkpoint.tokenizer()
        self._llm = load_llm(checkpoint, precision)
        self._vocabulary = Vocabulary.read(self._tokenizer, checkpoint.llm)
        self._head = self._llm.head(self._vocabulary.speech)

    def codes(self, text: str, voice: StoredVoice) -> Iterator[int]:
        """Semantic codes of a text, at most as many as its length allows."""
        prompt = encode(self._tokenizer, clone_prompt(text, voice.global_tokens))
        sampler = Sampler(self._sampling)
        stops, codes = self._vocabulary.stops, self._vocabulary.codes
        tokens = generate(self._llm, self._head, prompt, sampler, stops)
        for _, token in zip(range(self.limits.tokens(text)), tokens, strict=False):
            yield codes[token]

    def stream(self, voice: StoredVoice) -> CachedStream:
        """A decoder for one piece; what depends on the voice alone is made once."""
        return CachedStream(self.decoder, self.decoder.condition(voice.global_tokens))

    def create_voice(self, text: str, style: Style) -> list[int]:
        """The global tokens of a voice that the model makes up; raises EngineError in failure."""
        vocabulary = self._tokenizer.get_vocab()
        allowed = sorted(i for name, i in vocabulary.items() if _STYLE_TOKEN.fullmatch(name))
        allowed = [token for token in allowed if token not in self._vocabulary.stops]
        prompt = encode(self._tokenizer, creation_prompt(text, style))
        sampler, head = Sampler(self._sampling), self._llm.head(allowed)
        tokens = generate(self._llm, head, prompt, sampler, frozenset())
        some = (token for _, token in zip(range(_CREATION_TOKENS), tokens, strict=False))
        return created_voice(some, self._vocabulary)


class SparkPiece:
    """One piece on its way; every call makes a chunk."""

    def __init__(
        self, model: SparkModel, text: str, voice: StoredVoice, schedule: Schedule
    ) -> None:
        self._stream = model.stream(voice)
        self._codes = model.codes(text, voice)
        self._schedule = schedule
        self._silence = SilenceRun(model.limits.silence_ms * _RATE_HZ // 1000)
        self._chunks = 0
        self.finished = False

    def chunk(self, wanted: Wanted) -> Audio | None:
        """The next samples at 16 kHz; None when the piece is no longer wanted."""
        stream, shape = self._stream, self._schedule.shape(self._chunks)
        while not stream.ended and len(stream.tokens) < stream.wanted_tokens(shape):
            if not wanted():
                return None
            code = next(self._codes, None)
            if code is None:
                stream.ended = True
            else:
                stream.tokens.append(code)
        if not stream.tokens:
            raise EngineError("the model ended the speech before it began; say it again")
        audio = stream.chunk(shape)
        self._chunks += 1
        end = self._silence.take(audio)
        self.finished = stream.finished or end is not None
        return audio[:end]


class Pace:
    """What this machine takes, measured when the model is loaded, and the schedules for it."""

    def __init__(self, model: SparkModel, mode: Mode) -> None:
        self._reach = Reach(model.decoder.prenet_context, model.decoder.wave_context)
        self._mode = mode
        self._schedules: dict[int, Schedule] = {}
        self.costs = Costs(0.0, 0.0, 0.0)

    def schedule(self, text: str) -> Schedule:
        """The chunks of a text."""
        bucket = -(-expected_frames(text) // _BUCKET_FRAMES)
        if bucket not in self._schedules:
            frames = bucket * _BUCKET_FRAMES
            slower = self.costs.times(_HEADROOM)
            self._schedules[bucket] = derive(slower, self._reach, self._mode, frames)
        return self._schedules[bucket]

    def measure(self, model: SparkModel, voice: StoredVoice, text: str) -> None:
        """Time tokens and windows, each after one run that warms it."""
        codes = _timed_codes(model, text, voice)
        first, steps = codes[0], sorted(codes[1:])
        token_s = steps[len(steps) // 2] if steps else first
        macs, seconds = self._windows(model, voice)
        per_mac, fixed_s = (float(v) for v in np.polyfit(macs, seconds, 1))
        if per_mac <= 0 or fixed_s < 0:
            per_mac, fixed_s = sum(seconds) / sum(macs), 0.0
        prenet = macs_per_frame(model.decoder.config) - _wave_macs(model)
        self.costs = Costs(token_s, prenet * per_mac, _wave_macs(model) * per_mac, fixed_s, first)
        self._schedules.clear()

    def _windows(self, model: SparkModel, voice: StoredVoice) -> tuple[list[int], list[float]]:
        macs: list[int] = []
        seconds: list[float] = []
        for _ in range(2):
            stream, macs, seconds = model.stream(voice), [], []
            for shape in _TRIAL_SHAPES:
                missing = stream.wanted_tokens(shape) - len(stream.tokens)
                stream.tokens += [0] * missing
                before, began_s = stream.macs, time.perf_counter()
                stream.chunk(shape)
                seconds.append(time.perf_counter() - began_s)
                macs.append(stream.macs - before)
        return macs, seconds


def _wave_macs(model: SparkModel) -> int:
    return wave_macs_per_frame(model.decoder.config.decoder)


def _timed_codes(model: SparkModel, text: str, voice: StoredVoice) -> list[float]:
    """Seconds of the first code, with the prompt before it, and of each of the next ones."""
    found: list[float] = []
    for _ in range(2):
        codes, found = model.codes(text, voice), []
        for _ in range(_TRIAL_TOKENS):
            began_s = time.perf_counter()
            if next(codes, None) is None:
                break
            found.append(time.perf_counter() - began_s)
    return found or [0.0]
