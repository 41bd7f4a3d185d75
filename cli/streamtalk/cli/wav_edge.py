"""WAV files as microphone and another as loudspeaker, in real time: the edge behind `converse`."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from streamtalk.cli.seen_turns import SeenTurns
from streamtalk.cli.utterances import Utterances
from streamtalk.client.edge import Edge, EdgeSession
from streamtalk.client.rundir import RunDir
from streamtalk.client.wav import SpeechWriter
from streamtalk.proto.audio import (
    FRAME_MS,
    MIC_FRAME_SAMPLES,
    SPEECH_FRAME_BYTES,
)
from streamtalk.proto.conversation import GetTurns, Turns
from streamtalk.proto.errors import NotReadyError, StreamTalkError

_FRAME_NS: Final = FRAME_MS * 1_000_000
_ASK_NS: Final = 200_000_000
_OPEN_S: Final = 10.0
_SILENCE: Final = bytes(SPEECH_FRAME_BYTES)


class WavEdge:
    """Says utterances in a session, each when the last was answered, and writes what it answers."""

    def __init__(self, run_dir: RunDir, session: str, language: str) -> None:
        self._edge = Edge(run_dir, "converse")
        self._entry: EdgeSession = self._edge.open(session, language=language)
        self._seen = SeenTurns()
        self._asked_ns = 0

    def run(
        self, utterances: Utterances, out: Path | None, progress: Callable[[float], None]
    ) -> Turns:
        """Hold the conversation; returns its turns, whoever owned the session meanwhile.

        `progress` is told after every frame how many seconds have gone by. Raises NotReadyError
        when nobody takes the session.
        """
        writer = SpeechWriter(out) if out is not None else None
        try:
            self._wait_open()
            self._converse(utterances, writer, progress)
            return self._final_turns()
        finally:
            if writer is not None:
                writer.close()
            self._edge.close()

    def _wait_open(self) -> None:
        deadline = time.monotonic() + _OPEN_S
        while self._entry.opened is None:
            self._edge.serve(20)
            refused = self._entry.refused
            if refused is not None and not refused.retryable:
                raise refused
            if time.monotonic() > deadline:
                if refused is not None:
                    raise refused
                message = "no orchestrator took the session: is the stack up? (`streamtalk up`)"
                raise NotReadyError(message)

    def _converse(
        self,
        utterances: Utterances,
        writer: SpeechWriter | None,
        progress: Callable[[float], None],
    ) -> None:
        if writer is not None:
            # While the microphone hears its first 20 ms nothing can be played yet.
            writer.write(_SILENCE)
        start_ns = time.monotonic_ns()
        number = 0
        while not utterances.over(number * MIC_FRAME_SAMPLES, self._seen.joined):
            # A microphone delivers a frame when it is complete: the first one after 20 ms.
            number += 1
            self._serve_until(start_ns + number * _FRAME_NS)
            position = (number - 1) * MIC_FRAME_SAMPLES
            frame = utterances.frame(position, self._seen.joined)
            self._edge.push_mic(self._entry, frame)
            speech = self._edge.pull_speech(self._entry)
            if writer is not None:
                writer.write(speech or _SILENCE)
            progress(number * FRAME_MS / 1000)

    def _serve_until(self, due_ns: int) -> None:
        while (left_ns := due_ns - time.monotonic_ns()) > 0:
            if left_ns < 1_000_000:  # noqa: PLR2004 — the poller's own resolution, 1 ms
                time.sleep(left_ns / 1e9)
                continue
            self._ask()
            self._edge.serve(left_ns // 1_000_000)

    def _ask(self) -> None:
        now_ns = time.monotonic_ns()
        endpoint = self._edge.addresses.find("orchestrator")
        if now_ns - self._asked_ns < _ASK_NS or endpoint is None:
            return
        self._asked_ns = now_ns
        request = GetTurns(session=self._entry.session)
        self._edge.caller.call(endpoint, request, 2.0, self._seen.take, lambda _: None)

    def _final_turns(self) -> Turns:
        """Ask once more, so that the last turn is complete."""
        failures: list[StreamTalkError] = []
        endpoint = self._edge.addresses.find("orchestrator")
        if endpoint is None:
            return self._seen.joined
        answered: list[Turns] = []
        request = GetTurns(session=self._entry.session)
        self._edge.caller.call(endpoint, request, 2.0, answered.append, failures.append)
        while not answered and not failures:
            self._edge.serve(20)
        if answered:
            self._seen.take(answered[0])
        return self._seen.joined
