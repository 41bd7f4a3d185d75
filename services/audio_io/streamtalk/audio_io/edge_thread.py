"""The thread that owns the edge's sockets, the ring and the sink of the session."""

import logging
import threading
import time
from collections.abc import Callable

from streamtalk.audio_io.gate import MicrophoneGate
from streamtalk.audio_io.handoff import Handoff
from streamtalk.client.edge import Edge, EdgeSession
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import MIC_FRAME_BYTES, SPEECH_RATE_HZ
from streamtalk.runtime.mailbox import Mailbox

_ROUND_MS = 100.0
_PULL_PATIENCE_S = 0.03
"""Less than the loudspeaker's buffer: a late frame is silence, not an underrun."""


class EdgeThread:
    """`begin`, `finish`, `deliver` and `pull` may be called from any thread."""

    def __init__(
        self,
        run_dir: RunDir,
        gate: MicrophoneGate,
        uncaptured_ms: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self._run_dir = run_dir
        self._gate = gate
        self._uncaptured_ms = uncaptured_ms
        self._log = log
        self._mailbox = Mailbox()
        self._session: EdgeSession | None = None
        self._handoff = Handoff(self._mailbox.post, self._speech, _PULL_PATIENCE_S)
        self._running = True
        self._round_ns = 0
        self._thread = threading.Thread(target=self._run, name="edge", daemon=True)

    def start(self) -> None:
        """Open the sockets; there is no session yet."""
        self._round_ns = time.monotonic_ns()
        self._thread.start()

    def silent_ms(self, now_ns: int) -> float:
        """For how long the thread has not come round: it hangs when this grows."""
        return (now_ns - self._round_ns) / 1e6

    def begin(self, session: str, language: str, *, half_duplex: bool) -> None:
        """Open the session."""
        self._mailbox.post(lambda: self._open(session, language, half_duplex=half_duplex))

    def finish(self) -> None:
        """End the session."""
        self._mailbox.post(self._end)

    def refusal(self) -> str:
        """Why the orchestrator does not take the session; empty when it does."""
        entry = self._session
        return str(entry.refused) if entry is not None and entry.refused is not None else ""

    def deliver(self, pcm: bytes) -> None:
        """Whole frames of the microphone."""
        self._mailbox.post(lambda: self._push(pcm))

    def pull(self, delay_s: float) -> bytes | None:
        """The next frame for the loudspeaker; the playback thread's alone."""
        entry = self._session
        # Most of the time nothing is played, and waking the other thread costs more than looking.
        if not self._handoff.pending and (entry is None or entry.sink.playing is None):
            return None
        return self._handoff.pull(delay_s)

    def close(self) -> None:
        """End the session and close the sockets."""
        self._mailbox.post(self._stop)
        if self._thread.is_alive():
            self._thread.join(timeout=3.0)

    def _run(self) -> None:
        edge = Edge(self._run_dir, "audio_io")
        self._edge = edge
        edge.loop.watch(self._mailbox.fileno())
        try:
            while self._running:
                self._round(edge)
        finally:
            edge.loop.unwatch(self._mailbox.fileno())
            edge.close()
            self._mailbox.close()

    def _round(self, edge: Edge) -> None:
        self._round_ns = time.monotonic_ns()
        try:
            if edge.serve(_ROUND_MS):
                self._mailbox.run()
        except Exception:  # noqa: BLE001 — the boundary of the thread
            self._log.exception("the edge failed; it goes on")

    def _open(self, session: str, language: str, *, half_duplex: bool) -> None:
        self._end()
        self._session = self._edge.open(session, language=language, half_duplex=half_duplex)

    def _end(self) -> None:
        if self._session is not None:
            entry, self._session = self._session, None
            self._edge.end(entry)

    def _stop(self) -> None:
        self._running = False

    def _push(self, pcm: bytes) -> None:
        entry = self._session
        if entry is None:
            return
        self._edge.mute(entry, muted=self._gate.silenced)
        for at in range(0, len(pcm), MIC_FRAME_BYTES):
            self._edge.push_mic(entry, pcm[at : at + MIC_FRAME_BYTES])
        entry.ring.note_uncaptured(self._uncaptured_ms())

    def _speech(self, delay_s: float) -> bytes | None:
        if self._session is None:
            return None
        return self._edge.pull_speech(self._session, int(delay_s * SPEECH_RATE_HZ))
