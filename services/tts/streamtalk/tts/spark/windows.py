"""Decodes a stream of tokens chunk by chunk, in one of two ways that give the same samples.

`CachedStream` keeps the state of every layer of the wave generator; `WindowStream` decodes each
chunk again with the context that it needs. Both hear the prenet in windows: it hears far, but
costs a twentieth of the wave generator.
"""

from collections.abc import Sequence
from typing import Protocol

import mlx.core as mx
import numpy as np

from streamtalk.tts.spark.architecture import BiCodecConfig
from streamtalk.tts.spark.chunking import Progress, Reach, Shape
from streamtalk.tts.spark.geometry import Context, prenet_macs_per_frame, wave_macs_per_frame
from streamtalk.tts.spark.seam import Audio, Seam
from streamtalk.tts.spark.wave_generator import WaveGenerator
from streamtalk.tts.spark.wave_stream import Part, WaveStream


class Decoder(Protocol):
    """Of `bicodec.py`, what a stream needs of it."""

    config: BiCodecConfig
    samples_per_frame: int
    prenet_context: Context
    wave_context: Context
    generator: WaveGenerator

    def prenet(self, tokens: Sequence[int] | mx.array, dvector: mx.array) -> mx.array:
        """Features (frames, channels) of semantic codes (frames,)."""
        ...

    def wave(self, features: mx.array) -> mx.array:
        """Samples (320 * frames,) of features (frames, channels)."""
        ...


class _Stream:
    """Tokens that are known, and how far they have been made audio."""

    def __init__(self, decoder: Decoder, dvector: mx.array) -> None:
        self.tokens: list[int] = []
        self.ended = False
        """Whether there will be no further tokens; set by the caller."""

        self.macs = 0
        """Multiply-accumulates of all windows so far."""

        self._decoder = decoder
        self._dvector = dvector
        self._per_frame = decoder.samples_per_frame
        self._progress = Progress(Reach(decoder.prenet_context, decoder.wave_context))
        self._seam = Seam()
        self._prenet_macs = prenet_macs_per_frame(decoder.config.prenet)
        self._wave_macs = wave_macs_per_frame(decoder.config.decoder)

    @property
    def finished(self) -> bool:
        """Whether every sample has been given."""
        return self.ended and self._progress.emitted == len(self.tokens)

    def wanted_tokens(self, shape: Shape) -> int:
        """How many tokens have to be known for the next chunk, unless the stream has ended."""
        return self._progress.emitted + shape.new + shape.ahead

    def _features(self, start: int, end: int, tokens_from: int, tokens_until: int) -> mx.array:
        """Features of frames [start, end), heard with the tokens [tokens_from, tokens_until)."""
        self.macs += (tokens_until - tokens_from) * self._prenet_macs
        heard = self._decoder.prenet(self.tokens[tokens_from:tokens_until], self._dvector)
        return heard[start - tokens_from : end - tokens_from]

    @property
    def _from_sample(self) -> int:
        return self._progress.emitted * self._per_frame - self._seam.held_samples


class WindowStream(_Stream):
    """Decodes the context of each chunk again; keeps nothing but tokens."""

    def chunk(self, shape: Shape) -> Audio:
        """The next samples (at 16 kHz), `shape.new` frames at most; their end is held back."""
        cut = self._progress.cut(shape, len(self.tokens), ended=self.ended)
        reach, known, begin = self._progress.reach, len(self.tokens), self._from_sample
        start = max(begin // self._per_frame - reach.wave.left, 0)
        end = min(cut.emit_until + reach.wave.right, known)
        features = self._features(
            start,
            end,
            max(start - reach.prenet.left, 0),
            min(end + reach.prenet.right, known),
        )
        self.macs += (end - start) * self._wave_macs
        audio = np.array(self._decoder.wave(features), dtype=np.float32)
        first = start * self._per_frame
        audio = audio[begin - first : cut.emit_until * self._per_frame - first]
        self._progress = self._progress.after(cut)
        return self._seam.join(audio, last=cut.complete)


class CachedStream(_Stream):
    """Works on every settled frame once; only what is not settled yet is made again."""

    def __init__(self, decoder: Decoder, dvector: mx.array) -> None:
        super().__init__(decoder, dvector)
        self._wave = WaveStream(decoder.generator)
        self._state = self._wave.begin()
        self._decided = np.zeros(0, np.float32)
        """Samples that the caches have given, from `_decided_from` on."""

        self._decided_from = 0

    def chunk(self, shape: Shape) -> Audio:
        """The next samples (at 16 kHz), `shape.new` frames at most; their end is held back."""
        cut = self._progress.cut(shape, len(self.tokens), ended=self.ended)
        begin, end = self._from_sample, cut.emit_until * self._per_frame
        before, features = self._wave.macs, None
        if cut.heard_until > cut.kept_from:
            window = cut.tokens_from, cut.tokens_until
            features = self._features(cut.kept_from, cut.heard_until, *window)
        audio = self._decide(features, cut.kept_until - cut.kept_from, last=cut.complete)
        if cut.provisional:
            unsettled = _from(features, cut.kept_until - cut.kept_from)
            _, heard = self._wave.feed(self._state, unsettled, last=True)
            audio = np.concatenate([audio, _array(heard)])
        self.macs += self._wave.macs - before
        chunk = audio[begin - self._decided_from : end - self._decided_from]
        self._progress = self._progress.after(cut)
        joined = self._seam.join(chunk, last=cut.complete)
        self._forget(self._from_sample)
        return joined

    def _decide(self, features: Part, settled: int, *, last: bool) -> Audio:
        kept = None if features is None or not settled else features[:settled]
        self._state, decided = self._wave.feed(self._state, kept, last=last)
        mx.eval([part for part in _flat(self._state) if part is not None])
        self._decided = np.concatenate([self._decided, _array(decided)])
        return self._decided

    def _forget(self, before_sample: int) -> None:
        drop = min(max(before_sample - self._decided_from, 0), self._decided.size)
        self._decided = self._decided[drop:]
        self._decided_from += drop


def _flat(state: object) -> list[mx.array | None]:
    if isinstance(state, tuple):
        return [part for memory in state for part in _flat(memory)]
    return [state if isinstance(state, mx.array) else None]


def _from(features: Part, start: int) -> Part:
    return None if features is None or start >= features.shape[0] else features[start:]


def _array(audio: Part) -> Audio:
    return np.zeros(0, np.float32) if audio is None else np.array(audio, dtype=np.float32)
