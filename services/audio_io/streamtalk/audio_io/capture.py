"""The capture thread: a microphone, or silence in its place, as whole frames that never stop."""

import logging
import time
from collections.abc import Callable

from streamtalk.audio_io.converter import CaptureConverter
from streamtalk.audio_io.device_thread import DeviceThread
from streamtalk.audio_io.engine import CaptureStream
from streamtalk.audio_io.faults import DeviceError
from streamtalk.audio_io.gate import MicrophoneGate
from streamtalk.audio_io.line import Line
from streamtalk.audio_io.meter import Filler, LevelMeter
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_BYTES

_LONGEST_WAIT_S = FRAME_MS / 1000
_SHORTEST_WAIT_S = 0.002
_FILL_WAIT_S = 0.2
"""Without a device, silence is delivered in pieces of this length: it costs a tenth."""


class CaptureThread(DeviceThread[CaptureStream]):
    """Calls `deliver(pcm)` with one or more whole frames, 16 kHz s16le, as long as it is wanted."""

    def __init__(
        self,
        line: Line[CaptureStream],
        gate: MicrophoneGate,
        deliver: Callable[[bytes], None],
        log: logging.Logger,
    ) -> None:
        super().__init__(line, "capture", log)
        self.meter = LevelMeter()
        self.filler = Filler(0)
        self.xruns = 0
        self._gate = gate
        self._deliver = deliver
        self._converter = CaptureConverter(1, 1)
        self._converted: CaptureStream | None = None

    def want(self, wanted: bool, uncaptured_ms: float = 0.0) -> None:  # noqa: FBT001
        """Open or close the microphone soon; so much was not captured before. Any thread."""
        if wanted and not self.line.wanted:
            self.filler = Filler(time.monotonic_ns(), uncaptured_ms)
            self.meter = LevelMeter()
        self._want(wanted=wanted)

    def _step(self) -> float | None:
        now_ns = time.monotonic_ns()
        stream = self.line.step(now_ns, quiet=self.meter.level_db < _QUIET_DB)
        if stream is None:
            return self._wait_closed(now_ns)
        try:
            return self._pump(stream, now_ns)
        except DeviceError as error:
            self.line.drop(error.fault, now_ns)
            return 0.0

    def _wait_closed(self, now_ns: int) -> float | None:
        if not self.line.wanted:
            return None
        self._fill(now_ns)
        return _FILL_WAIT_S

    def _fill(self, now_ns: int) -> None:
        silence = self.filler.silence(now_ns)
        if silence:
            self._deliver(silence)

    def _pump(self, stream: CaptureStream, now_ns: int) -> float:
        if stream is not self._converted:
            self._converter = CaptureConverter(stream.rate_hz, stream.channels)
            self._converted = stream
        block = stream.rate_hz * FRAME_MS // 1000
        missing = block - stream.available()
        if missing > 0:
            if not self.line.keeper.flowing:
                self._fill(now_ns)
            return min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, missing / stream.rate_hz))
        self._take(stream, block)
        return 0.0

    def _take(self, stream: CaptureStream, block: int) -> None:
        pcm, lost = stream.read(block)
        now_ns = time.monotonic_ns()
        self.xruns += lost
        self.line.keeper.moved(block, now_ns, zero=not any(pcm), broken=lost)
        self.filler.heard(now_ns)
        frames = self._converter.convert(pcm)
        if frames:
            captured_ns = now_ns - int((stream.latency_s + FRAME_MS / 1000) * 1e9)
            self._emit(frames, heard=self._gate.passes(captured_ns))

    def _emit(self, frames: bytes, *, heard: bool) -> None:
        frames = frames if heard else bytes(len(frames))
        for at in range(0, len(frames), MIC_FRAME_BYTES):
            self.meter.add(frames[at : at + MIC_FRAME_BYTES])
        self._deliver(frames)


_QUIET_DB = -50.0
"""Below this a gap of a tenth of a second in the microphone disturbs nobody."""
