"""A WAV file that is read while it still comes (RIFF, Microsoft 1994)."""

import struct
from typing import Final

import numpy as np

from streamtalk.proto.errors import RemoteGarbageError
from streamtalk.tts.engine import Samples
from streamtalk.tts.remote.pcm import PcmAssembler, SampleType

MAX_HEADER_BYTES: Final = 64 << 10
"""The samples of a WAV begin before this, or it is none."""

_RATES_HZ: Final = range(8_000, 192_001)
_OPEN_BYTES: Final = 0x7FFF_0000
"""A data chunk of this size or more, or of 0, is one whose writer did not know its length."""

_RIFF_BYTES: Final = 12
"""`RIFF`, a size, `WAVE`."""

_FORMAT_BYTES: Final = 16
"""The part of `fmt ` that every WAV has."""

_EXTENSIBLE: Final = 0xFFFE
_TYPES: Final[dict[tuple[int, int], SampleType]] = {(1, 16): "<i2", (3, 32): "<f4"}


class WavDecoder:
    """Bytes of a mono WAV, cut anywhere, to float32 at 24 kHz; raises RemoteGarbageError."""

    form: Final = "wav"

    def __init__(self) -> None:
        self._head = b""
        self._samples: PcmAssembler | None = None
        self._left_bytes: int | None = None

    def feed(self, raw: bytes) -> Samples:
        """Shape (samples,), 24 kHz; empty while the header is not whole."""
        if self._samples is None:
            self._head += raw
            raw = self._open()
        if self._samples is None:
            return np.zeros(0, np.float32)
        if self._left_bytes is not None:
            raw = raw[: self._left_bytes]
            self._left_bytes -= len(raw)
        return self._samples.feed(raw)

    def finish(self) -> Samples:
        """What the resampler still holds; raises RemoteGarbageError where samples are missing."""
        if self._samples is None:
            raise RemoteGarbageError("the server sent no WAV: its header has no end")
        if self._left_bytes:
            raise RemoteGarbageError("the sound ended before the length that its WAV states")
        return self._samples.finish()

    def _open(self) -> bytes:
        """Read the header when it is whole; the bytes of samples that came with it."""
        head = self._head
        if head[:4] != b"RIFF"[: len(head)] or head[8:12] != b"WAVE"[: len(head[8:12])]:
            raise RemoteGarbageError("the server sent no WAV; is response_format right?")
        at, form = _RIFF_BYTES, b""
        while len(head) >= at + 8:
            name, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
            at += 8
            if name == b"data":
                self._begin(form, size)
                return head[at:]
            if name == b"fmt ":
                form = head[at : at + size]
            at += size + size % 2
        if len(head) > MAX_HEADER_BYTES or at > MAX_HEADER_BYTES:
            raise RemoteGarbageError("the server sent a WAV whose header has no end")
        return b""

    def _begin(self, form: bytes, size: int) -> None:
        if len(form) < _FORMAT_BYTES:
            raise RemoteGarbageError("the server sent a WAV that does not state its format")
        kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", form)
        if kind == _EXTENSIBLE and len(form) >= 26:  # noqa: PLR2004 — where the sub-format stands
            kind = int.from_bytes(form[24:26], "little")
        sample_type = _TYPES.get((kind, bits))
        if sample_type is None or channels != 1 or rate_hz not in _RATES_HZ:
            raise RemoteGarbageError(
                f"the server sent a WAV of format {kind}, {bits} bits, {channels} channels, "
                f"{rate_hz} Hz; mono of 16 bits, or of 32 as float, can be played"
            )
        self._samples = PcmAssembler(rate_hz, sample_type)
        self._left_bytes = None if size == 0 or size >= _OPEN_BYTES else size
