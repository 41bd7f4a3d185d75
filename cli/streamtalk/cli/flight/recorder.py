"""The process that records: hears the bus, keeps the trace on, writes one file, and ends in order.

Started by `streamtalk record start`; its order comes as JSON, and what becomes of it goes to the
descriptor that the order names.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
import zmq

from streamtalk.cli.flight.file import STOPPED, FileFullError, FileWriter, Header, Row
from streamtalk.cli.flight.rings import Microphones, samples_of
from streamtalk.cli.flight.roll import Entry, Roll
from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.client.edge import EdgeLoop
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext, open_subscriber
from streamtalk.proto.codec import decode_as, encode
from streamtalk.proto.conversation import Turn
from streamtalk.proto.errors import MessageError, StreamTalkError
from streamtalk.proto.frames import Mic
from streamtalk.proto.topics import parse_topic, topic, topic_prefix
from streamtalk.proto.trace import TRACE_LEASE_MS, Trace, Traced

_RENEW_NS: Final = 1_000_000_000
_GONE_NS: Final = 10_000_000_000
"""The directory comes every second; after so long without one the stack is gone."""

_BEGIN_NS: Final = 10_000_000_000
"""An orchestrator that is being started is waited for so long."""

_CALL_S: Final = 2.0
_POLL_MS: Final = 100
_LAST_MS: Final = 200
"""What was under way when the recording was stopped is waited for so long."""

_MIC: Final = msgspec.msgpack.Decoder(Mic)
_TRACED: Final = msgspec.msgpack.Decoder(Traced)
_TURN: Final = msgspec.msgpack.Decoder(Turn)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to record, and how much of it."""

    run_dir: str
    name: str
    session: str
    file: str
    limit_bytes: int
    limit_s: float
    version: str
    ready: int
    """Descriptor that is told `ready`, or what went wrong."""

    engines: dict[str, list[str]] = {}
    configuration: dict[str, Any] = {}


def prefixes(session: str) -> list[bytes]:
    """The subscriptions of a recorder."""
    names = (
        ("audio", "mic"),
        ("audio", "speech"),
        ("state", "vad"),
        ("state", "playback"),
        ("state", "session"),
        ("trace", "call"),
    )
    if session:
        return [topic(lane, name, session) for lane, name in names]
    return [topic_prefix(lane, name) for lane, name in names]


class Recorder:
    """One recording, from `run` to its end."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._run_dir = RunDir(Path(order.run_dir))
        self._roll = Roll.of(self._run_dir)
        self._started_ns = time.monotonic_ns()
        started = datetime.now(tz=UTC).astimezone().isoformat(timespec="milliseconds")
        self._writer = FileWriter(Path(order.file), self._header(started), order.limit_bytes)
        own = psutil.Process()
        self.entry = Entry(
            name=order.name,
            session=order.session,
            file=order.file,
            pid=own.pid,
            born_s=own.create_time(),
            started=started,
        )
        self._microphones = Microphones(self._run_dir, self._started_ns, time.monotonic_ns)
        self._turns: set[tuple[str, int]] = set()
        self._context: zmq.Context[Any] = BoundedContext()
        self._loop = EdgeLoop()
        self._caller = Caller(self._context, self._loop)
        self._addresses = Addresses(self._run_dir, self._caller)
        self._subscriber = open_subscriber(self._context, self._run_dir, *prefixes(order.session))
        # Subscribed to last: when it comes, all the others are heard as well.
        self._subscriber.setsockopt(zmq.SUBSCRIBE, self._addresses.topic)
        self._loop.add(self._subscriber, self._on_message)
        self._heard_ns = 0
        self._renew_ns = 0
        self._traced = False
        self._ready = False
        self.reason = ""

    def stop(self, *_: object) -> None:
        """End soon, in order; a signal handler."""
        self.reason = self.reason or STOPPED

    def run(self, ready: Callable[[], None]) -> None:
        """Record until something ends it; `ready` is called when nothing is missed any more."""
        self._roll.write(self.entry)
        try:
            while not self.reason:
                self._turn_over(_POLL_MS)
                if not self._ready and self._traced and self._heard_ns:
                    self._ready = True
                    ready()
            self._finish()
        finally:
            self._close()

    def discard(self) -> None:
        """Leave nothing behind of a recording that never began."""
        Path(self._order.file).unlink(missing_ok=True)
        self._roll.drop(self.entry)

    def _turn_over(self, timeout_ms: int) -> None:
        now_ns = time.monotonic_ns()
        self._addresses.tick(now_ns)
        self._caller.tick(now_ns)
        if now_ns >= self._renew_ns:
            self._renew_ns = now_ns + (_RENEW_NS if self._ready else _RENEW_NS // 10)
            self._trace(TRACE_LEASE_MS)
            if self._ready:
                self._note()
        if now_ns - max(self._heard_ns, self._started_ns) > _GONE_NS:
            self.reason = "the stack is gone"
        elif not self._ready and now_ns - self._started_ns > _BEGIN_NS:
            self.reason = "no orchestrator answers: see `streamtalk status`"
        elif now_ns - self._started_ns > self._order.limit_s * 1e9:
            self.reason = "limit"
        self._loop.poll(timeout_ms)

    def _trace(self, lease_ms: int) -> None:
        endpoint = self._addresses.find("orchestrator")
        if endpoint is None:
            return
        request = Trace(session=self._order.session, lease_ms=lease_ms)
        self._caller.call(endpoint, request, _CALL_S, self._on_traced, self._on_untraced)

    def _on_traced(self, _: object) -> None:
        self._traced = True

    def _on_untraced(self, error: StreamTalkError) -> None:
        """An orchestrator that is being restarted is asked again in a second."""

    def _on_message(self, parts: list[bytes]) -> None:
        if len(parts) != 3:  # noqa: PLR2004 — topic, header, payload
            return
        row = Row(time.monotonic_ns(), *parts)
        if row.topic == self._addresses.topic:
            self._heard_ns = row.at_ns
            self._addresses.hear(row.header)
        try:
            name = parse_topic(row.topic)
            if name.lane == "audio" and name.name == "mic":
                self._complete(name.session, row)
            elif name.lane == "trace":
                self._count(name.session, row)
        except MessageError:
            return
        self._write(row)

    def _complete(self, session: str, row: Row) -> None:
        mic = decode_as(_MIC, row.header)
        if session not in self.entry.sessions:
            self.entry.sessions.append(session)
        for missing in self._microphones.hear(session, mic, samples_of(row.payload)):
            self._write(_mic_row(row.at_ns, *missing))

    def _count(self, session: str, row: Row) -> None:
        if decode_as(_TRACED, row.header).what == "turn":
            turn = decode_as(_TURN, row.payload)
            if turn.state == "done":
                self._turns.add((session, turn.turn))

    def _write(self, row: Row) -> None:
        if self.reason and self.reason != STOPPED:
            return
        try:
            self._writer.write(row)
        except FileFullError as error:
            self.reason = str(error)
            return
        self.entry.rows += 1

    def _finish(self) -> None:
        """Hear what is under way, fill up the microphones, say why it ends."""
        self._trace(0)
        if self.reason == STOPPED:
            deadline_ns = time.monotonic_ns() + _LAST_MS * 1_000_000
            while time.monotonic_ns() < deadline_ns:
                self._loop.poll(_LAST_MS // 4)
        now_ns = time.monotonic_ns()
        for missing in self._microphones.finish():
            self._write(_mic_row(now_ns, *missing))
        self._writer.end(now_ns, self.reason)
        self.entry.ended = self.reason
        self._note()

    def _note(self) -> None:
        self.entry.size_bytes = self._writer.size_bytes
        self.entry.turns = len(self._turns)
        self.entry.duration_s = round((time.monotonic_ns() - self._started_ns) / 1e9, 1)
        try:
            self._roll.write(self.entry)
        except OSError as error:
            print(f"cannot write the roll: {error.strerror}", file=sys.stderr)

    def _header(self, started: str) -> Header:
        return Header(
            version=self._order.version,
            session=self._order.session,
            started=started,
            started_ns=self._started_ns,
            engines=self._order.engines,
            configuration=self._order.configuration,
        )

    def _close(self) -> None:
        self._caller.close()
        self._subscriber.close()
        self._context.destroy(linger=0)


def _mic_row(at_ns: int, session: str, mic: Mic, pcm: bytes) -> Row:
    return Row(at_ns, topic("audio", "mic", session), encode(mic), pcm)


def main() -> None:
    """Carry out the order on the command line."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    with os.fdopen(order.ready, "w", encoding="utf-8") as ready:
        try:
            roll = Roll.of(RunDir(Path(order.run_dir)))
            roll.lock(order.session)
            recorder = Recorder(order)
        except StreamTalkError as error:
            ready.write(f"{error}\n")
            return
        signal.signal(signal.SIGTERM, recorder.stop)
        signal.signal(signal.SIGINT, recorder.stop)

        def say_ready() -> None:
            ready.write("ready\n")
            ready.close()

        recorder.run(say_ready)
        if not ready.closed:
            ready.write(f"{recorder.reason}\n")
            recorder.discard()


if __name__ == "__main__":
    main()
