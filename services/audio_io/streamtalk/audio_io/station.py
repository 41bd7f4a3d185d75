"""Microphone, loudspeaker and session together: what `audio_io` opens and closes as one."""

import logging
import time
from typing import Literal

from streamtalk.audio_io.absence import uncaptured_before
from streamtalk.audio_io.capture import CaptureThread
from streamtalk.audio_io.config import AudioIoConfig
from streamtalk.audio_io.edge_thread import EdgeThread
from streamtalk.audio_io.engine import SoundSystem
from streamtalk.audio_io.faults import DeviceState
from streamtalk.audio_io.gate import MicrophoneGate
from streamtalk.audio_io.keeper import Keeper
from streamtalk.audio_io.line import Line
from streamtalk.audio_io.playback import PlaybackThread
from streamtalk.audio_io.rescan import Rescan
from streamtalk.client.rundir import RunDir
from streamtalk.proto.device import AudioStatus


class Station:
    """One session on one pair of devices. Its methods belong to the receive thread."""

    def __init__(
        self, config: AudioIoConfig, system: SoundSystem, run_dir: RunDir, log: logging.Logger
    ) -> None:
        self.session: str | None = None
        self.gate = MicrophoneGate(half_duplex=config.duplex == "half", guard_ms=config.guard_ms)
        self.gate.set(push_to_talk=config.push_to_talk)
        self.edge = EdgeThread(run_dir, self.gate, self._uncaptured_ms, log)
        self._run_dir = run_dir
        self._log = log
        self._told = ("", "")
        rescan = Rescan(system)
        microphone = Line(
            Keeper("capture"), config.microphone, rescan, system.devices, system.open_capture
        )
        loudspeaker = Line(
            Keeper("playback"), config.loudspeaker, rescan, system.devices, system.open_playback
        )
        self.capture = CaptureThread(microphone, self.gate, self.edge.deliver, log)
        self.playback = PlaybackThread(loudspeaker, self.gate, self.edge.pull, log)

    def start(self) -> None:
        """Start the threads; the devices stay closed."""
        self.edge.start()
        self.capture.start()
        self.playback.start()

    def begin(self, session: str, language: str) -> None:
        """Open the session and its devices."""
        self.session = session
        missed_ms = uncaptured_before(self._run_dir.ring(session), time.monotonic_ns())
        self.capture.want(wanted=True, uncaptured_ms=missed_ms)
        self.edge.begin(session, language, half_duplex=self.gate.half_duplex)
        self.playback.want(wanted=True)

    def finish(self) -> None:
        """Close the devices and the session."""
        self.session = None
        self.capture.want(wanted=False)
        self.playback.want(wanted=False)
        self.edge.finish()

    def close(self) -> None:
        """Close everything and end the threads."""
        self.capture.close()
        self.playback.close()
        self.edge.close()

    def status(self) -> AudioStatus:
        """The devices as they are now."""
        now_ns = time.monotonic_ns()
        heard, said = self.capture.line.keeper, self.playback.line.keeper
        reasons = [heard.reason, said.reason, self.edge.refusal()]
        return AudioStatus(
            session=self.session,
            capture=heard.state,
            playback=_playback(said.state),
            capture_device=heard.device,
            playback_device=said.device,
            reason="; ".join(reason for reason in reasons if reason),
            retry_in_s=round(max(heard.retry_in_s(now_ns), said.retry_in_s(now_ns)), 1),
            muted=self.gate.muted,
            push_to_talk=self.gate.push_to_talk,
            level_db=round(self.capture.meter.level_db, 1),
            xruns=self.capture.xruns + self.playback.xruns,
            uncaptured_ms=round(self._uncaptured_ms(), 1) if self.session else 0.0,
        )

    def _uncaptured_ms(self) -> float:
        return self.capture.filler.uncaptured_ms

    def tell(self) -> None:
        """Log what changed about the devices since the last time."""
        status = self.status()
        now = (f"{status.capture} {status.playback}", status.reason)
        if now != self._told:
            self._told = now
            fields = {"devices": now[0], "reason": status.reason}
            bad = status.reason and self.session
            level = logging.WARNING if bad else logging.INFO
            self._log.log(level, "devices", extra={"fields": fields})


def _playback(state: DeviceState) -> Literal["closed", "open", "absent", "failed"]:
    return "open" if state == "silent" else state
