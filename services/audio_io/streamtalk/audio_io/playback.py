"""The playback thread: feeds a loudspeaker with what the session has to say, or silence."""

import logging
import time
from collections.abc import Callable

import numpy as np

from streamtalk.audio_io.converter import PlaybackConverter
from streamtalk.audio_io.device_thread import DeviceThread
from streamtalk.audio_io.engine import PlaybackStream
from streamtalk.audio_io.faults import DeviceError
from streamtalk.audio_io.gate import MicrophoneGate
from streamtalk.audio_io.line import Line
from streamtalk.proto.audio import FRAME_MS, SPEECH_FRAME_BYTES

_FRAME_NS = FRAME_MS * 1_000_000
_SHORTEST_WAIT_S = 0.002
_UNHEARD_WAIT_S = 0.2
"""Without a device there is nothing to be in time for: few rounds cost little."""

AUDIBLE_LEVEL = 64
"""Peak, of 32,768, from which a frame counts as audible."""

HOLD_NS = 3_000_000_000
"""Without a loudspeaker the voice waits this long for it, then goes on unheard."""

Pull = Callable[[float], bytes | None]
"""Given the seconds until it is heard: 20 ms at 24 kHz s16le, or None for silence."""


class PlaybackThread(DeviceThread[PlaybackStream]):
    """Calls `pull(delay_s)` for each 20 ms frame shortly before the loudspeaker needs it."""

    def __init__(
        self,
        line: Line[PlaybackStream],
        gate: MicrophoneGate,
        pull: Pull,
        log: logging.Logger,
    ) -> None:
        super().__init__(line, "playback", log)
        self.xruns = 0
        self._gate = gate
        self._pull = pull
        self._converter = PlaybackConverter(1, 1)
        self._converted: PlaybackStream | None = None
        self._waiting = b""
        self._unheard_ns = 0

    def want(self, wanted: bool) -> None:  # noqa: FBT001
        """Open or close the loudspeaker soon. Any thread."""
        self._want(wanted=wanted)

    def _step(self) -> float | None:
        now_ns = time.monotonic_ns()
        stream = self.line.step(now_ns, quiet=not self._gate.audible(now_ns))
        if stream is None:
            return self._go_on_unheard(now_ns) if self.line.wanted else None
        self._unheard_ns = now_ns + HOLD_NS
        try:
            return self._feed(stream, now_ns)
        except DeviceError as error:
            self.line.drop(error.fault, now_ns)
            return 0.0

    def _go_on_unheard(self, now_ns: int) -> float:
        self._unheard_ns = self._unheard_ns or now_ns + HOLD_NS
        while self._unheard_ns <= now_ns:
            self._pull(0.0)
            self._unheard_ns += _FRAME_NS
        return _UNHEARD_WAIT_S

    def _feed(self, stream: PlaybackStream, now_ns: int) -> float:
        if stream is not self._converted:
            self._converter = PlaybackConverter(stream.rate_hz, stream.channels)
            self._converted, self._waiting = stream, b""
        block = stream.rate_hz * FRAME_MS // 1000
        missing = block - stream.space()
        if missing > 0:
            return max(_SHORTEST_WAIT_S, missing / stream.rate_hz)
        self._waiting = self._waiting or self._converter.convert(self._next(stream, now_ns))
        if self._waiting:
            self._write(stream, now_ns)
        return 0.0

    def _write(self, stream: PlaybackStream, now_ns: int) -> None:
        dry = stream.write(self._waiting)
        frames = self._converter.frames_in(self._waiting)
        self._waiting = b""
        self.xruns += dry
        self.line.keeper.moved(frames, now_ns, broken=dry)

    def _next(self, stream: PlaybackStream, now_ns: int) -> bytes:
        delay_s = stream.delay_s() + self._converter.delay_s
        frame = self._pull(delay_s)
        if frame is None:
            return bytes(SPEECH_FRAME_BYTES)
        if np.abs(np.frombuffer(frame, np.int16)).max(initial=0) >= AUDIBLE_LEVEL:
            self._gate.played(now_ns + int(delay_s * 1e9) + _FRAME_NS)
        return frame
