"""Has a session's microphone followed by a `vad` instance, and moves it to another one.

An instance that is being replaced follows the session until its successor has judged as far, so
that nothing is missed; a successor takes over between two utterances, or after 2 s of a monologue.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamtalk.orchestrator.hearing import Hearing
from streamtalk.orchestrator.ports import Ports
from streamtalk.proto.attachment import Attach
from streamtalk.proto.audio import MIC_RATE_HZ, ms_to_samples
from streamtalk.proto.conversation import OpenSession
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.state import VadState

_RENEW_NS: Final = 2_000_000_000
_RETRY_NS: Final = 50_000_000
_SILENT_NS: Final = 1_000_000_000
"""States come every 100 ms; without any for this long the attachment is made anew."""

_MONOLOGUE_NS: Final = 2_000_000_000
"""A successor waits no longer for the end of an utterance."""

_OVERLAP_SAMPLES: Final = ms_to_samples(500, MIC_RATE_HZ)
"""How much is judged again after a change, so that a beginning word is not missed."""

_NEAR_SAMPLES: Final = ms_to_samples(100, MIC_RATE_HZ)
"""A successor this close behind has caught up: a state is as old as that anyway."""


@dataclass
class Lease:
    """One attachment at one instance."""

    name: str
    since_ns: int
    heard_ns: int
    endpoint: str = ""
    state: VadState | None = None
    held: bool = False
    """Whether the instance has said that it follows."""

    @property
    def judged(self) -> int:
        """The microphone has been judged up to here."""
        return self.state.sample if self.state else 0

    @property
    def frames_lost(self) -> int:
        """Microphone frames that the instance did not get."""
        return self.state.frames_lost if self.state else 0


class Attachment:
    """States of the current lease are heard; a second lease only catches up."""

    def __init__(self, ports: Ports, clock_ns: Callable[[], int]) -> None:
        self._ports = ports
        self._clock_ns = clock_ns
        self._lease: Lease | None = None
        self._successor: Lease | None = None
        self._last: VadState | None = None
        self._session = ""
        self._renew_ns = 0
        self._lost_before = 0
        self._look = False

    @property
    def lease(self) -> str:
        """The lease whose states are heard; empty: none."""
        return self._lease.name if self._lease is not None else ""

    def follows(self, lease: str) -> bool:
        """Whether states of this lease are taken, be it only to see a successor catch up."""
        return any(each.name == lease for each in filter(None, (self._lease, self._successor)))

    @property
    def held(self) -> bool:
        """Whether an instance has said that it follows."""
        return self._lease is not None and self._lease.held

    @property
    def judged(self) -> int:
        """The microphone has been judged up to here."""
        return self._last.sample if self._last else 0

    @property
    def frames_lost(self) -> int:
        """Microphone frames that no instance got, all attachments together."""
        return self._lost_before + (self._lease.frames_lost if self._lease else 0)

    def hear(self, state: VadState, hearing: Hearing, now_ns: int) -> bool:
        """Take a state; False when it is none of the current lease."""
        successor = self._successor
        if successor is not None and state.lease == successor.name:
            successor.state, successor.heard_ns = state, now_ns
            if not self._may_take_over(successor, hearing, now_ns):
                return False
            self._take_over(successor)
        lease = self._lease
        if lease is None or state.lease != lease.name:
            return False
        lease.state, lease.heard_ns, self._last = state, now_ns, state
        return True

    def drop(self) -> None:
        """What was attached is no longer right: attach anew at the next tick."""
        self._lost_before = self.frames_lost
        self._lease, self._successor, self._renew_ns = None, None, 0

    def look(self) -> None:
        """The directory has changed: see at the next tick whether to move."""
        self._look = True

    def lose(self, endpoint: str) -> None:
        """An instance is gone."""
        if self._successor is not None and self._successor.endpoint == endpoint:
            self._successor = None
        if self._lease is not None and self._lease.endpoint == endpoint:
            self.drop()
        self._look = True

    def detach(self, session: str) -> None:
        """The session ends."""
        for lease in filter(None, (self._lease, self._successor)):
            self._ports.detach(session, lease.name, lease.endpoint)

    def tick(self, request: OpenSession, hearing: Hearing, now_ns: int) -> int:
        """Attach, renew or begin to move when it is time; returns when to come again."""
        lease = self._lease
        if lease is not None and now_ns - lease.heard_ns > _SILENT_NS:
            # It stalls, or the bus was away: a new one reads the ring from where this one was.
            self._ports.suspect(lease.endpoint)
            self.drop()
        if self._look:
            self._look = False
            self._replace(request, hearing, now_ns)
        if now_ns >= self._renew_ns:
            self._renew_ns = now_ns + _RENEW_NS
            if self._lease is None:
                self._lease = _lease(now_ns)
            for each in filter(None, (self._lease, self._successor)):
                self._attach(each, request, self._from_sample(request, hearing))
        return self._renew_ns

    def _replace(self, request: OpenSession, hearing: Hearing, now_ns: int) -> None:
        """Have a successor catch up where the current instance is to be used no longer."""
        lease, successor = self._lease, self._successor
        if successor is not None and not self._ports.in_use(successor.endpoint):
            self._give_up(request, successor)
        if lease is None or not lease.held or self._successor is not None:
            return
        if not self._ports.in_use(lease.endpoint):
            self._successor = _lease(now_ns)
            self._attach(self._successor, request, self._from_sample(request, hearing))

    def _give_up(self, request: OpenSession, successor: Lease) -> None:
        self._successor = None
        if successor.endpoint:
            self._ports.detach(request.session, successor.name, successor.endpoint)

    def _may_take_over(self, successor: Lease, hearing: Hearing, now_ns: int) -> bool:
        if successor.judged + _NEAR_SAMPLES < self.judged:
            return False
        return hearing.utterance is None or now_ns - successor.since_ns > _MONOLOGUE_NS

    def _take_over(self, successor: Lease) -> None:
        before, self._lease, self._successor = self._lease, successor, None
        if before is not None:
            self._lost_before += before.frames_lost
            self._ports.detach(self._session, before.name, before.endpoint)

    def _from_sample(self, request: OpenSession, hearing: Hearing) -> int:
        if hearing.stream not in ("", request.stream):
            return 0
        if hearing.utterance is not None:
            return hearing.utterance.start
        state = self._last
        judged = state.sample if state is not None and state.stream == request.stream else 0
        return max(0, hearing.consumed, judged - _OVERLAP_SAMPLES)

    def _attach(self, lease: Lease, request: OpenSession, from_sample: int) -> None:
        self._session = request.session
        attach = Attach(
            session=request.session,
            stream=request.stream,
            ring=request.ring,
            from_sample=from_sample,
            lease=lease.name,
        )

        def done(_: object) -> None:
            lease.held = True

        def failed(error: StreamTalkError) -> None:
            del error
            self._on_failed(lease)

        lease.endpoint = self._ports.attach(attach, lease.endpoint, done, failed)

    def _on_failed(self, lease: Lease) -> None:
        if lease is self._successor:
            self._successor, self._look = None, True
            self._ports.after(_RETRY_NS, lambda: None)
        elif lease is self._lease:
            self.drop()
            self._renew_ns = self._clock_ns() + _RETRY_NS
            self._ports.after(_RETRY_NS, lambda: None)


def _lease(now_ns: int) -> Lease:
    return Lease(secrets.token_hex(4), since_ns=now_ns, heard_ns=now_ns)
