"""A listener for the failover test: one session, whose loudspeaker is recorded as it plays."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from streamtalk.cli.failover.reading import Sound
from streamtalk.client.edge import Edge
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_BYTES, SPEECH_FRAME_BYTES
from streamtalk.proto.conversation import UserText
from streamtalk.proto.errors import NotReadyError, StreamTalkError
from streamtalk.proto.health import Metrics, MetricsText

_FRAME_NS: Final = FRAME_MS * 1_000_000
_OPEN_S: Final = 20.0
_ANSWER_S: Final = 40.0
_CALL_S: Final = 2.0
_WELL_S: Final = 30.0
_LOOK_NS: Final = 100_000_000
_SILENCE: Final = bytes(SPEECH_FRAME_BYTES)


class Listener:
    """Asks by text, and records every 20 ms from the first sound to the end of the answer."""

    def __init__(self, run_dir: RunDir) -> None:
        self._edge = Edge(run_dir, "bench")
        self._entry = self._edge.open("failover")
        self._due_ns = time.monotonic_ns()
        self._metrics = ""
        self._frames: list[bytes] = []

    def open(self) -> None:
        """Until the orchestrator has the session."""
        self._until(lambda: self._entry.opened is not None, _OPEN_S, "the session was not opened")

    def ask(self) -> Sound:
        """What was played of the answer."""
        self._frames = []
        ended = self._entry.sink.ended
        self._tell_orchestrator(UserText(session="failover", text="go on"))
        self._until(lambda: self._entry.sink.ended != ended, _ANSWER_S, "the answer did not end")
        return np.frombuffer(b"".join(self._frames), "<i2")

    def wait_well(self, slot: str) -> None:
        """Until a slot is ready, and its breaker closed."""
        wanted = f'streamtalk_tts_breaker_state{{slot="{slot}"}} 0'
        self._metrics, look_ns = "", 0

        def is_well() -> bool:
            nonlocal look_ns
            if time.monotonic_ns() >= look_ns:
                look_ns = time.monotonic_ns() + _LOOK_NS
                self._ask_metrics()
            ready = {instance.slot for instance in self._edge.addresses.instances("tts")}
            return slot in ready and wanted in self._metrics

        self._until(is_well, _WELL_S, f"{slot} did not come back")

    def close(self) -> None:
        """End the session."""
        self._edge.close()

    def _until(self, holds: Callable[[], bool], limit_s: float, complaint: str) -> None:
        end_s = time.monotonic() + limit_s
        while not holds():
            if time.monotonic() > end_s:
                raise NotReadyError(complaint)
            self._edge.serve(max(0, self._due_ns - time.monotonic_ns()) / 1e6)
            while time.monotonic_ns() >= self._due_ns:
                self._due_ns += _FRAME_NS
                self._play()

    def _play(self) -> None:
        self._edge.push_mic(self._entry, bytes(MIC_FRAME_BYTES))
        frame = self._edge.pull_speech(self._entry)
        if frame is not None or self._frames:
            self._frames.append(frame or _SILENCE)

    def _tell_orchestrator(self, request: UserText) -> None:
        endpoint = self._edge.addresses.find("orchestrator")
        if endpoint is None:
            raise NotReadyError("no orchestrator is ready")
        self._edge.caller.call(endpoint, request, _CALL_S, lambda _: None, _refuse)

    def _ask_metrics(self) -> None:
        endpoint = self._edge.addresses.find("orchestrator")
        if endpoint is not None:
            self._edge.caller.call(endpoint, Metrics(), _CALL_S, self._take, lambda _: None)

    def _take(self, found: MetricsText) -> None:
        self._metrics = found.text


def _refuse(error: StreamTalkError) -> None:
    raise error
