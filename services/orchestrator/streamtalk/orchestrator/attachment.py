"""Has a session's microphone followed by a `vad` instance, and moves it when that one fails."""

import secrets
from collections.abc import Callable
from typing import Final

import msgspec

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

_OVERLAP_SAMPLES: Final = ms_to_samples(500, MIC_RATE_HZ)
"""How much is judged again after a change, so that a beginning word is not missed."""


class Attachment:
    """One lease at a time; states of other leases are not heard."""

    def __init__(self, ports: Ports, clock_ns: Callable[[], int]) -> None:
        self._ports = ports
        self._clock_ns = clock_ns
        self._lease = ""
        self._endpoint = ""
        self._renew_ns = 0
        self._heard_ns = 0
        self._lost_before = 0
        self._state: VadState | None = None
        self.held = False
        """Whether an instance has said that it follows."""

    @property
    def lease(self) -> str:
        """The lease whose states are heard; empty: none."""
        return self._lease

    @property
    def judged(self) -> int:
        """The microphone has been judged up to here."""
        return self._state.sample if self._state else 0

    @property
    def frames_lost(self) -> int:
        """Microphone frames that no instance got, all attachments together."""
        return self._lost_before + (self._state.frames_lost if self._state else 0)

    def hear(self, state: VadState, now_ns: int) -> bool:
        """Take a state; False when it is of another lease."""
        if not self._lease or state.lease != self._lease:
            return False
        self._state, self._heard_ns = state, now_ns
        return True

    def drop(self) -> None:
        """What was attached is no longer right: attach anew at the next tick."""
        if self._state is not None and self._state.frames_lost:
            self._lost_before = self.frames_lost
            self._state = msgspec.structs.replace(self._state, frames_lost=0)
        self._lease, self._renew_ns, self.held = "", 0, False

    def lose(self, endpoint: str) -> None:
        """An instance is gone."""
        if endpoint == self._endpoint:
            self.drop()

    def detach(self, session: str) -> None:
        """The session ends."""
        if self._lease:
            self._ports.detach(session, self._lease, self._endpoint)

    def tick(self, request: OpenSession, hearing: Hearing, now_ns: int) -> int:
        """Attach or renew when it is time; returns when to come again."""
        if self._lease and self._heard_ns and now_ns - self._heard_ns > _SILENT_NS:
            # It stalls, or the bus was away: a new one reads the ring from where this one was.
            self.drop()
            self._heard_ns = now_ns
        if now_ns >= self._renew_ns:
            self._renew_ns = now_ns + _RENEW_NS
            self._lease = self._lease or secrets.token_hex(4)
            self._attach(request, self._from_sample(request, hearing))
        return self._renew_ns

    def _from_sample(self, request: OpenSession, hearing: Hearing) -> int:
        if hearing.stream not in ("", request.stream):
            return 0
        if hearing.utterance is not None:
            return hearing.utterance.start
        state = self._state
        judged = state.sample if state is not None and state.stream == request.stream else 0
        return max(0, hearing.consumed, judged - _OVERLAP_SAMPLES)

    def _attach(self, request: OpenSession, from_sample: int) -> None:
        lease = self._lease
        attach = Attach(
            session=request.session,
            stream=request.stream,
            ring=request.ring,
            from_sample=from_sample,
            lease=lease,
        )

        def done(_: object) -> None:
            self.held = self.held or lease == self._lease

        def failed(error: StreamTalkError) -> None:
            del error
            if lease == self._lease:
                self.drop()
                self._renew_ns = self._clock_ns() + _RETRY_NS
                self._ports.after(_RETRY_NS, lambda: None)

        self._endpoint = self._ports.attach(attach, done, failed)
