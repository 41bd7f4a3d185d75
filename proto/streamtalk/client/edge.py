"""An edge: the microphone and loudspeaker of one or more sessions, on one thread with one poller.

The owner calls `push_mic` and `pull_speech` at the pace of the audio and `serve` in between;
leases, states, calls from the orchestrator and the search for a new one happen inside `serve`.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import zmq

from streamtalk.client.cadence import Cadence
from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.client.ring import RingWriter
from streamtalk.client.rundir import RunDir
from streamtalk.client.sink import Sink
from streamtalk.client.sockets import (
    BoundedContext,
    open_publisher,
    open_socket,
    open_subscriber,
    receive_parts,
    send_parts,
    split_envelope,
)
from streamtalk.proto.audio import MIC_FRAME_BYTES
from streamtalk.proto.codec import decode_as, decode_request, encode, refusal
from streamtalk.proto.conversation import CloseSession, OpenSession, SessionOpened
from streamtalk.proto.errors import MessageError, SessionError, StreamTalkError
from streamtalk.proto.frames import Mic, Speech
from streamtalk.proto.message import Reply
from streamtalk.proto.playback import SinkRequest
from streamtalk.proto.state import STATE_REST_MS
from streamtalk.proto.topics import topic

_REST_NS: Final = STATE_REST_MS * 1_000_000
_RENEW_NS: Final = 1_000_000_000
_RETRY_NS: Final = 100_000_000
_CALL_S: Final = 2.0
_MAX_ROUNDS: Final = 256
"""Messages taken from one socket before the owner gets its turn."""

_SPEECH_DECODER: Final = msgspec.msgpack.Decoder(Speech)


@dataclass
class EdgeSession:
    """One session at this edge."""

    session: str
    ring: RingWriter
    language: str
    half_duplex: bool
    cadence: Cadence
    sink: Sink = field(default_factory=Sink)
    opened: SessionOpened | None = None
    refused: StreamTalkError | None = None
    """Why the orchestrator does not take the session; a refusal that is not retryable is final."""

    muted: bool = False
    renew_ns: int = 0
    renewing: bool = False
    state_ns: int = 0
    mic_topic: bytes = b""
    state_topic: bytes = b""

    @property
    def mic_sample(self) -> int:
        """The session's clock."""
        return self.ring.written


class EdgeLoop:
    """A poller with handlers; the part of a loop that `Caller` asks for."""

    def __init__(self) -> None:
        self._poller = zmq.Poller()
        self._handlers: dict[Any, Callable[[list[bytes]], None]] = {}
        self.due_ns: int | None = None

    def add(self, socket: zmq.Socket[bytes], handler: Callable[[list[bytes]], None]) -> None:
        """Call `handler` with each message that arrives on `socket`."""
        self._poller.register(socket, zmq.POLLIN)
        self._handlers[socket] = handler

    def remove(self, socket: zmq.Socket[bytes]) -> None:
        """No longer listen to `socket`."""
        self._poller.unregister(socket)
        del self._handlers[socket]

    def wake_at(self, due_ns: int) -> None:
        """Do not sleep beyond `due_ns`."""
        self.due_ns = due_ns if self.due_ns is None else min(self.due_ns, due_ns)

    def watch(self, descriptor: int) -> None:
        """Wake up when a descriptor of the owner's is readable."""
        self._poller.register(descriptor, zmq.POLLIN)

    def unwatch(self, descriptor: int) -> None:
        """No longer wake up for it."""
        self._poller.unregister(descriptor)

    def poll(self, timeout_ms: float) -> list[int]:
        """Wait, handle all messages that came, return the owner's descriptors that are readable."""
        wait_ms = math.ceil(timeout_ms)
        for _ in range(_MAX_ROUNDS):
            found = [ready for ready, _ in self._poller.poll(wait_ms)]
            readable = [ready for ready in found if isinstance(ready, int)]
            if len(readable) == len(found):
                break
            for ready in found:
                self._receive(ready)
            # To poll again is cheaper than the exception of a socket that has nothing more.
            wait_ms = 0
        return readable

    def _receive(self, ready: Any) -> None:  # noqa: ANN401 — a socket or a descriptor, as pyzmq gives it
        handler = self._handlers.get(ready)
        if handler is None or ready.closed:
            return
        try:
            parts = receive_parts(ready)
        except zmq.Again:
            return
        handler(parts)


class Edge:
    """Sockets and sessions of one edge process. One thread; `close` ends every session."""

    def __init__(self, run_dir: RunDir, kind: str) -> None:
        self._run_dir = run_dir
        self._kind = kind
        self.instance = f"{kind}-{os.getpid()}-{os.urandom(3).hex()}"
        self.sessions: dict[str, EdgeSession] = {}
        self._due_ns = 0
        self.loop = EdgeLoop()
        self._context: zmq.Context[Any] = BoundedContext()
        self._publisher = open_publisher(self._context, run_dir)
        self._subscriber = open_subscriber(self._context, run_dir)
        self._router = open_socket(self._context, zmq.ROUTER)
        self._endpoint = run_dir.instance(self.instance)
        self._router.bind(self._endpoint)
        self.caller = Caller(self._context, self.loop)
        self.addresses = Addresses(run_dir, self.caller)
        self._subscriber.setsockopt(zmq.SUBSCRIBE, self.addresses.topic)
        self.loop.add(self._subscriber, self._on_message)
        self.loop.add(self._router, self._on_call)

    def open(
        self, session: str, *, language: str = "auto", half_duplex: bool = False
    ) -> EdgeSession:
        """Begin a session, or go on with an earlier one of this name; returns at once.

        `EdgeSession.opened` is set when the orchestrator has taken it.
        """
        ring = RingWriter(self._run_dir.ring(session), os.urandom(8).hex())
        entry = EdgeSession(session, ring, language, half_duplex, Cadence(time.monotonic_ns()))
        entry.mic_topic = topic("audio", "mic", session)
        entry.state_topic = topic("state", "playback", session)
        self.sessions[session] = entry
        self._due_ns = 0
        self._subscriber.setsockopt(zmq.SUBSCRIBE, topic("audio", "speech", session))
        return entry

    def push_mic(self, entry: EdgeSession, pcm: bytes) -> None:
        """Record and publish one 20 ms frame: 640 bytes, 16 kHz s16le."""
        if len(pcm) != MIC_FRAME_BYTES:
            message = f"a microphone frame is {MIC_FRAME_BYTES} bytes, not {len(pcm)}"
            raise ValueError(message)
        first = entry.ring.write(pcm)
        header = encode(Mic(stream=entry.ring.stream, sample=first))
        send_parts(self._publisher, entry.mic_topic, header, pcm)

    def mute(self, entry: EdgeSession, *, muted: bool) -> None:
        """Tell that the person has switched the microphone off, or on."""
        if muted != entry.muted:
            entry.muted = muted
            entry.state_ns = self._due_ns = 0

    def pull_speech(self, entry: EdgeSession, delay_samples: int = 0) -> bytes | None:
        """The next 20 ms for the loudspeaker: 960 bytes, 24 kHz s16le; None for silence.

        `delay_samples` (24 kHz) pass until the loudspeaker plays what is pulled now.
        """
        before = entry.sink.playing
        starved = before is not None and before.starved
        frame = entry.sink.pull(entry.mic_sample, delay_samples)
        playing = entry.sink.playing
        began = playing is not None and playing.frames == 1
        if playing is not before or (playing is not None and playing.starved != starved) or began:
            entry.state_ns = self._due_ns = 0
        return frame

    def serve(self, timeout_ms: float) -> list[int]:
        """Handle what comes within `timeout_ms`; returns the owner's readable descriptors."""
        now_ns = self._keep()
        readable = self.loop.poll(min(timeout_ms, max(0.0, (self._due_ns - now_ns) / 1e6)))
        self._keep()
        return readable

    def end(self, entry: EdgeSession) -> None:
        """Close a session for good, its ring included."""
        self.sessions.pop(entry.session, None)
        self._subscriber.setsockopt(zmq.UNSUBSCRIBE, topic("audio", "speech", entry.session))
        endpoint = self.addresses.find("orchestrator")
        if endpoint is not None:
            request = CloseSession(session=entry.session)
            self.caller.call(endpoint, request, _CALL_S, lambda _: None, lambda _: None)
        entry.ring.close()

    def close(self) -> None:
        """End every session and close every socket."""
        for entry in list(self.sessions.values()):
            self.end(entry)
        self.loop.poll(0)
        self.caller.close()
        self._router.close()
        self._publisher.close(linger=100)
        self._subscriber.close()
        self._context.destroy(linger=200)
        path = self._endpoint.removeprefix("ipc://")
        if os.path.exists(path):  # noqa: PTH110
            os.unlink(path)  # noqa: PTH108

    def _keep(self) -> int:
        """Do what is due; returns the time."""
        now_ns = time.monotonic_ns()
        if now_ns >= self._due_ns:
            self._due_ns = self._tick(now_ns)
        return now_ns

    def _tick(self, now_ns: int) -> int:
        dues = [now_ns + _REST_NS, self.addresses.tick(now_ns)]
        calls_ns = self.caller.tick(now_ns)
        if calls_ns is not None:
            dues.append(calls_ns)
        for entry in list(self.sessions.values()):
            if now_ns >= entry.renew_ns and not entry.renewing:
                self._renew(entry, now_ns)
            if now_ns >= entry.state_ns:
                self._publish_state(entry, now_ns)
            dues.append(entry.state_ns)
        return min(dues)

    def _publish_state(self, entry: EdgeSession, now_ns: int) -> None:
        entry.state_ns = entry.cadence.next_ns(now_ns, at_rest=entry.sink.at_rest)
        state = entry.sink.state(entry.mic_sample, muted=entry.muted)
        send_parts(self._publisher, entry.state_topic, encode(state), b"")

    def _renew(self, entry: EdgeSession, now_ns: int) -> None:
        endpoint = self.addresses.find("orchestrator")
        if endpoint is None:
            entry.renew_ns = now_ns + _RETRY_NS
            return
        entry.renewing = True
        request = OpenSession(
            session=entry.session,
            stream=entry.ring.stream,
            ring=str(entry.ring.path),
            sink=self._endpoint,
            mic_sample=entry.mic_sample,
            edge=self._kind,
            half_duplex=entry.half_duplex,
            language=entry.language,
        )

        def done(reply: SessionOpened) -> None:
            entry.opened, entry.refused, entry.renewing = reply, None, False
            entry.renew_ns = time.monotonic_ns() + _RENEW_NS

        def failed(error: StreamTalkError) -> None:
            entry.refused, entry.renewing = error, False
            entry.renew_ns = time.monotonic_ns() + _RETRY_NS
            self._due_ns = 0
            self.addresses.doubt(endpoint)

        self.caller.call(endpoint, request, _CALL_S, done, failed)

    def _on_message(self, parts: list[bytes]) -> None:
        if len(parts) != 3:  # noqa: PLR2004 — topic, header, payload
            return
        name, header, payload = parts
        if name == self.addresses.topic:
            self.addresses.hear(header)
            return
        entry = self.sessions.get(name.split(b".")[3].decode("ascii", "replace"))
        if entry is None:
            return
        try:
            speech = decode_as(_SPEECH_DECODER, header)
        except MessageError:
            return
        entry.sink.accept(speech, payload)

    def _on_call(self, parts: list[bytes]) -> None:
        found = split_envelope(parts)
        if found is None:
            return
        envelope, header, _ = found
        try:
            reply = self._answer(header)
        except StreamTalkError as error:
            reply = refusal(error)
        try:
            send_parts(self._router, *envelope, encode(reply))
        except zmq.ZMQError:
            return

    def _answer(self, header: bytes) -> Reply:
        request = decode_request(header)
        entry = self.sessions.get(request.session) if isinstance(request, SinkRequest) else None
        if entry is None or not isinstance(request, SinkRequest):
            message = "no such session at this edge"
            raise SessionError(message)
        reply = entry.sink.obey(request, entry.mic_sample)
        entry.state_ns = self._due_ns = 0
        return reply
