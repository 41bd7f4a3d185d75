"""The wave generator frame by frame: every layer keeps the end of its input, so none works twice.

A state is never changed: one that was fed provisionally is dropped, and the one before goes on.
"""

from typing import Final

import mlx.core as mx

from streamtalk.tts.spark.wave_generator import (
    Convolution,
    Residual,
    Snake,
    Upsampling,
    WaveGenerator,
)

Part = mx.array | None
"""(1, time, channels), or nothing."""

Memory = Part | tuple[Part, Part]
State = tuple[Memory, ...]
"""What the layers keep, in their order; nothing anywhere before the first feature."""

_TIME: Final = 1


class WaveStream:
    """Features in, samples out, `Reach.wave.right` frames later; counts its multiplications."""

    def __init__(self, generator: WaveGenerator) -> None:
        self._layers = [_layer(step) for step in generator.steps]
        self.macs = 0
        """Multiply-accumulates so far."""

    def begin(self) -> State:
        """The state before the first feature."""
        return (None,) * len(self._layers)

    def feed(self, state: State, features: Part, *, last: bool = False) -> tuple[State, Part]:
        """Further features (frames, channels): the next state, and the samples that are decided.

        `last` takes what comes behind for silence, as a decoder of everything at once does.
        """
        kept: list[Memory] = []
        part = None if features is None else features[None]
        for layer, memory in zip(self._layers, state, strict=True):
            keeps, part, macs = layer(memory, part, last)
            kept.append(keeps)
            self.macs += macs
        return tuple(kept), None if part is None else mx.tanh(part).reshape(-1)


def _joined(first: Part, second: Part) -> Part:
    if first is None or second is None:
        return second if first is None else first
    return mx.concatenate([first, second], axis=_TIME)


def _part(memory: Memory) -> Part:
    return None if isinstance(memory, tuple) else memory


def _length(part: Part) -> int:
    return 0 if part is None else int(part.shape[_TIME])


def _slice(part: Part, start: int, end: int) -> Part:
    """What lies within [start, end), if anything."""
    start, end = max(start, 0), min(end, _length(part))
    return None if part is None or start >= end else part[:, start:end]


Fed = tuple[Memory, Part, int]
"""What a layer keeps, what it gives, and its multiply-accumulates."""


class _Pointwise:
    """Keeps nothing."""

    def __init__(self, snake: Snake) -> None:
        self._snake = snake

    def __call__(self, memory: Memory, part: Part, last: bool) -> Fed:  # noqa: FBT001
        del last
        return memory, None if part is None else self._snake(part), 0


class _Convolved:
    """Keeps the inputs that later outputs hear; a plain part, never a pair."""

    def __init__(self, layer: Convolution) -> None:
        self._layer = layer
        self._channels = layer.kernel.shape[-1]

    def __call__(self, memory: Memory, part: Part, last: bool) -> Fed:  # noqa: FBT001
        heard, given, macs = self.convolve(_part(memory), part, last=last)
        return heard, given, macs

    def convolve(self, memory: Part, part: Part, *, last: bool) -> tuple[Part, Part, int]:
        """What is kept, what is given, and the multiply-accumulates of it."""
        layer = self._layer
        padding = layer.padding
        if memory is None and part is not None and padding:
            memory = self._silence(padding)
        heard = _joined(memory, part)
        if last and padding:
            heard = _joined(heard, self._silence(padding))
        outputs = max(_length(heard) - 2 * padding, 0)
        if heard is None or not outputs:
            return heard, None, 0
        kept = _slice(heard, outputs, _length(heard))
        given = mx.conv1d(heard, layer.kernel, dilation=layer.dilation) + layer.bias
        return kept, given, outputs * layer.kernel.size

    def _silence(self, length: int) -> mx.array:
        return mx.zeros((1, length, self._channels))


class _Upsampled:
    """Keeps the part of its output that the next input adds to."""

    def __init__(self, layer: Upsampling) -> None:
        self._layer = layer

    def __call__(self, memory: Memory, part: Part, last: bool) -> Fed:  # noqa: FBT001
        memory = _part(memory)
        layer, inputs = self._layer, _length(part)
        padding, rate = layer.padding, layer.rate
        raw = memory
        if part is not None:
            raw = mx.conv_transpose1d(part, layer.kernel, rate)
            if memory is not None:
                overlap = _length(memory)
                summed = raw[:, :overlap] + memory
                raw = mx.concatenate([summed, raw[:, overlap:]], axis=_TIME)
        # The first outputs lie before the beginning, as the last ones lie behind the end.
        start = padding if memory is None else 0
        end = _length(raw) - padding if last else inputs * rate
        given = _slice(raw, start, end)
        kept = _slice(raw, end, _length(raw))
        macs = inputs * layer.kernel.size
        return kept, None if given is None else given + layer.bias, macs


class _Remaining:
    """Keeps the inputs that wait for their sum, and what its convolution keeps."""

    def __init__(self, layer: Residual) -> None:
        first, dilated, second, mixing = layer.steps
        self._before, self._dilated = first, _Convolved(dilated)
        self._after, self._mixing = second, mixing

    def __call__(self, memory: Memory, part: Part, last: bool) -> Fed:  # noqa: FBT001
        waiting, heard = memory if isinstance(memory, tuple) else (None, None)
        waiting = _joined(waiting, part)
        wave = None if part is None else self._before(part)
        heard, wave, macs = self._dilated.convolve(heard, wave, last=last)
        if wave is None or waiting is None:
            return (waiting, heard), None, macs
        length = _length(wave)
        given = self._mixing(self._after(wave)) + waiting[:, :length]
        kept = _slice(waiting, length, _length(waiting))
        return (kept, heard), given, macs + length * self._mixing.kernel.size


Layer = _Pointwise | _Convolved | _Upsampled | _Remaining


def _layer(step: Snake | Convolution | Upsampling | Residual) -> Layer:
    if isinstance(step, Snake):
        return _Pointwise(step)
    if isinstance(step, Convolution):
        return _Convolved(step)
    return _Upsampled(step) if isinstance(step, Upsampling) else _Remaining(step)
