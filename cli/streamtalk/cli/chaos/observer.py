"""What callers can know of a stack: the directory, broken lines, and the phase of each session."""

import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import zmq

from streamtalk.cli.chaos.plan import Phase
from streamtalk.client.caller import Caller
from streamtalk.client.closing import Closing
from streamtalk.client.directory import Addresses
from streamtalk.client.edge import EdgeLoop
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext, open_subscriber
from streamtalk.proto.codec import decode_as
from streamtalk.proto.directory import Directory, Instance, Lookup
from streamtalk.proto.errors import MessageError, StreamTalkError
from streamtalk.proto.health import Probe
from streamtalk.proto.state import SessionState, VadState

_VAD: Final = msgspec.msgpack.Decoder(VadState)
_SESSION: Final = msgspec.msgpack.Decoder(SessionState)
_ASK_NS: Final = 20_000_000
_ASK_S: Final = 1.0
_PHASES: Final[dict[str, Phase]] = {"listening": "I", "thinking": "G", "speaking": "S"}


def letter(phase: str, *, speaking: bool) -> Phase | None:
    """The phase of a turn: idle, listening to speech, transcribing, generating or speaking."""
    if phase == "hearing":
        return "L" if speaking else "T"
    return _PHASES.get(phase)


class Observer(Closing):
    """One thread; whoever owns it calls `serve`."""

    def __init__(self, run_dir: RunDir) -> None:
        self._run_dir = run_dir
        self._context: zmq.Context[Any] = BoundedContext()
        self.loop = EdgeLoop()
        self._caller = Caller(self._context, self.loop)
        self._caller.on_lost = self._on_lost
        self._subscriber = open_subscriber(
            self._context, run_dir, Addresses.topic, b"v1.state.session.", b"v1.state.vad."
        )
        self.loop.add(self._subscriber, self._on_message)
        self.directory = Directory(version=0, registry="")
        self.lost_ns: dict[str, int] = {}
        """When the line to an endpoint that is watched broke."""

        self.on_phase: Callable[[str, Phase], None] = lambda *_: None
        self.on_directory: Callable[[Directory], None] = lambda _: None
        self._phases: dict[str, str] = {}
        self._speaking: dict[str, bool] = {}
        self._ask_ns = 0
        self._asking = False

    def close(self) -> None:
        """Close every socket."""
        self._caller.close()
        self._subscriber.close()
        self._context.destroy(linger=0)

    def serve(self, timeout_ms: float) -> list[int]:
        """Hear and ask for `timeout_ms`; returns descriptors that are readable."""
        now_ns = time.monotonic_ns()
        self._caller.tick(now_ns)
        if now_ns >= self._ask_ns and not self._asking:
            self._asking, self._ask_ns = True, now_ns + _ASK_NS
            self._caller.call(
                self._run_dir.registry, Lookup(), _ASK_S, self._take, self._unanswered
            )
        return self.loop.poll(min(timeout_ms, _ASK_NS / 1e6))

    def watch(self, endpoint: str) -> None:
        """Notice when the line to this endpoint breaks, as one of its callers would."""
        self.lost_ns.pop(endpoint, None)
        self._caller.call(endpoint, Probe(), _ASK_S, lambda _: None, lambda _: None)

    def instances(self, service: str) -> list[Instance]:
        """Those of a service, as last heard."""
        return [i for i in self.directory.instances if i.service == service]

    def ready(self, service: str) -> list[Instance]:
        """Those that callers would use."""
        return [i for i in self.instances(service) if i.ready and i.live]

    def phase(self, session: str) -> Phase | None:
        """Where a session is in its turn."""
        state = self._phases.get(session, "")
        return letter(state, speaking=self._speaking.get(session, False))

    def _on_lost(self, endpoint: str) -> None:
        self.lost_ns.setdefault(endpoint, time.monotonic_ns())

    def _unanswered(self, error: StreamTalkError) -> None:
        del error
        self._asking = False

    def _take(self, directory: Directory) -> None:
        self._asking = False
        self._hear(directory)

    def _hear(self, directory: Directory) -> None:
        self.directory = directory
        self.on_directory(directory)

    def _on_message(self, parts: list[bytes]) -> None:
        if len(parts) != 3:  # noqa: PLR2004 — topic, header, payload
            return
        name, header, _ = parts
        _, lane, kind, session, *_ = name.decode("ascii", "replace").split(".")
        try:
            self._read(f"{lane}.{kind}", session, header)
        except MessageError:
            return

    def _read(self, kind: str, session: str, header: bytes) -> None:
        if kind == "state.directory":
            self._hear(decode_as(msgspec.msgpack.Decoder(Directory), header))
            return
        before = self.phase(session)
        if kind == "state.vad":
            self._speaking[session] = decode_as(_VAD, header).speaking
        else:
            self._phases[session] = decode_as(_SESSION, header).phase
        now = self.phase(session)
        if now is not None and now != before:
            self.on_phase(session, now)
