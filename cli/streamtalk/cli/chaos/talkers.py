"""Several people on one real edge, until standard input is closed.

`python -m streamtalk.cli.chaos.talkers RUN_DIR SESSIONS SEED [--barge SHARE] [--pace-s S]` prints a
line of JSON for every utterance that is over.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from streamtalk.cli.answered import turns_of
from streamtalk.cli.bench_edge import FRAME_NS, LOUD, SILENT
from streamtalk.cli.chaos.talker import Barging, Opened, Report, Said, Talker
from streamtalk.cli.seen_turns import SeenTurns
from streamtalk.client.edge import Edge, EdgeSession
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import FRAME_MS
from streamtalk.proto.conversation import GetTurns, Turns
from streamtalk.proto.errors import StreamTalkError
from streamtalk.runtime.memory import settle_memory

_BEHIND_NS: Final = 1_000_000_000
"""Further behind than this the process was stopped: what was missed is not spoken in a rush."""

_ASK_S: Final = 2.0
_ASK_NS: Final = 100_000_000
"""Whoever waits for an answer asks so often whether it is over."""


@dataclass
class Seat:
    """One session, the person in it, and what orchestrators said of its turns."""

    entry: EdgeSession
    talker: Talker
    mic_due_ns: int
    play_due_ns: int = 0
    seen: SeenTurns = field(default_factory=SeenTurns)
    ask_due_ns: int = 0

    @property
    def due_ns(self) -> int:
        """When it next wants to be served."""
        return min(self.mic_due_ns, self.play_due_ns) if self.play_due_ns else self.mic_due_ns


class Table:
    """All seats; they talk from the moment when everybody's session is open."""

    def __init__(
        self, run_dir: RunDir, sessions: int, seed: int, barge: float, pace_s: float
    ) -> None:
        self._edge = Edge(run_dir, "chaos")
        self._edge.loop.watch(sys.stdin.fileno())
        now_ns = time.monotonic_ns()
        stagger_ns = FRAME_NS // sessions
        pace_frames = int(pace_s * 1000 / FRAME_MS)
        self._seats = [
            Seat(
                self._edge.open(f"chaos-{number}"),
                Talker(f"chaos-{number}", seed, barge, pace_frames),
                now_ns + number * stagger_ns,
            )
            for number in range(sessions)
        ]
        self._told_open = False

    def run(self) -> None:
        """Talk in real time."""
        while not self._serve():
            now_ns = time.monotonic_ns()
            opened = self._all_open()
            for seat in self._seats:
                self._ask(seat, now_ns)
                self._speak(seat, now_ns, talks=opened)
                self._listen(seat, now_ns)
                while seat.talker.done:
                    self._close_account(seat, seat.talker.done.pop(0))

    def close(self) -> None:
        """End every session."""
        self._edge.close()

    def _serve(self) -> list[int]:
        left_ns = max(0, min(seat.due_ns for seat in self._seats) - time.monotonic_ns())
        return self._edge.serve(left_ns / 1e6)

    def _all_open(self) -> bool:
        if not self._told_open and all(seat.entry.opened for seat in self._seats):
            self._told_open = True
            _print(Opened(sessions=[seat.entry.session for seat in self._seats]))
        return self._told_open

    def _ask(self, seat: Seat, now_ns: int) -> None:
        """While a reply is played nobody need ask: it is not over."""
        waits = seat.talker.waits and seat.entry.sink.playing is None
        endpoint = self._edge.addresses.find("orchestrator")
        if endpoint is None or not waits or now_ns < seat.ask_due_ns:
            return
        seat.ask_due_ns = now_ns + _ASK_NS
        request = GetTurns(session=seat.entry.session)
        self._edge.caller.call(endpoint, request, _ASK_S, seat.seen.take, lambda _: None)

    def _speak(self, seat: Seat, now_ns: int, *, talks: bool) -> None:
        if now_ns - seat.mic_due_ns > _BEHIND_NS:
            seat.mic_due_ns = now_ns
        while now_ns >= seat.mic_due_ns:
            seat.mic_due_ns += FRAME_NS
            loud = talks and self._is_loud(seat)
            self._edge.push_mic(seat.entry, LOUD if loud else SILENT)

    def _is_loud(self, seat: Seat) -> bool:
        playing = seat.entry.sink.playing
        answer = playing.answer if playing is not None else None
        now_ns, turns = time.monotonic_ns(), seat.seen.joined
        loud = seat.talker.frame(now_ns, seat.entry.mic_sample, answer, turns)
        if seat.talker.barged:
            _print(Barging(session=seat.entry.session))
        return loud

    def _listen(self, seat: Seat, now_ns: int) -> None:
        playing = seat.entry.sink.playing
        if playing is None or now_ns < seat.play_due_ns:
            seat.play_due_ns = seat.play_due_ns if playing is not None else 0
            return
        if self._edge.pull_speech(seat.entry) is None:
            # A loudspeaker plays silence at its own pace: it asks again 20 ms later.
            seat.play_due_ns = now_ns + FRAME_NS
            return
        at_ns = time.monotonic_ns()
        seat.talker.played(at_ns, playing.answer)
        behind = at_ns - seat.play_due_ns > FRAME_NS
        seat.play_due_ns = (at_ns if behind else seat.play_due_ns) + FRAME_NS

    def _close_account(self, seat: Seat, said: Said) -> None:
        """Ask what the turns of an utterance were, then report it, in any case."""
        endpoint = self._edge.addresses.find("orchestrator")

        def report() -> None:
            said.errors = errors_of(said, seat.seen.joined)
            said.mic_frames_lost = seat.seen.joined.mic_frames_lost
            _print(said)

        def told(turns: Turns) -> None:
            seat.seen.take(turns)
            report()

        def failed(error: StreamTalkError) -> None:
            del error
            report()

        if endpoint is None:
            report()
            return
        request = GetTurns(session=seat.entry.session)
        self._edge.caller.call(endpoint, request, _ASK_S, told, failed)


def errors_of(said: Said, turns: Turns) -> list[str]:
    """Errors of the turns that were made of the utterance."""
    found = turns_of(turns, said.begin_sample, said.end_sample)
    return [turn.error for turn in found if turn.error is not None]


def _print(report: Report) -> None:
    sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    sys.stdout.flush()


def main() -> None:
    """Talk until nobody holds our standard input any more."""
    parser = argparse.ArgumentParser(prog="python -m streamtalk.cli.chaos.talkers")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("sessions", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--barge", type=float, default=0.0)
    parser.add_argument("--pace-s", type=float, default=0.0)
    given = parser.parse_args()
    table = Table(RunDir(given.run_dir), given.sessions, given.seed, given.barge, given.pace_s)
    settle_memory()
    try:
        table.run()
    except KeyboardInterrupt:
        return
    finally:
        table.close()


if __name__ == "__main__":
    main()
