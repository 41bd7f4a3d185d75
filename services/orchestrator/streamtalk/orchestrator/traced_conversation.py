"""A conversation that tells a tape of everything that enters it."""

import json
from collections.abc import Callable

import msgspec

from streamtalk.orchestrator.conversation import Conversation
from streamtalk.orchestrator.ports import Ports
from streamtalk.orchestrator.settings import Settings
from streamtalk.orchestrator.tape import Publish, Tape
from streamtalk.orchestrator.tracing_ports import TracingPorts
from streamtalk.proto.conversation import OpenSession
from streamtalk.proto.state import PlaybackState, VadState
from streamtalk.proto.trace import TraceOpened

SETTINGS = ("hearing", "conversation", "splitter")
"""Tables that decide what is done; others hold addresses and keys, and are never told."""


class TracedConversation(Conversation):
    """The same conversation; whatever calls it enters by one of these methods."""

    def __init__(
        self,
        request: OpenSession,
        term: int,
        ports: Ports,
        settings: Settings,
        clock_ns: Callable[[], int],
        first_turn: int,
        publish: Publish,
    ) -> None:
        self.tape = Tape(publish, clock_ns)
        traced = TracingPorts(ports, self.tape)
        super().__init__(request, term, traced, settings, self.tape.clock_ns, first_turn)
        self.tape.due_ns = self.hearing.due_ns

    def renew(self, request: OpenSession) -> None:
        """The edge is alive."""
        with self.tape.entry("renew", request):
            super().renew(request)

    def on_vad(self, state: VadState) -> None:
        """The VAD's state; one of another lease changes nothing, and is not told."""
        if not self.tape.on:
            super().on_vad(state)
            return
        with self.tape.entry("vad", state):
            followed = self.attachment.follows(state.lease)
            super().on_vad(state)
            if followed:
                self.tape.happened()

    def on_playback(self, state: PlaybackState) -> None:
        """The sink's state."""
        if not self.tape.on:
            super().on_playback(state)
            return
        with self.tape.entry("playback", state):
            super().on_playback(state)

    def look(self) -> None:
        """The directory has changed."""
        with self.tape.entry("look"):
            super().look()

    def lose(self, endpoint: str) -> None:
        """An instance is gone."""
        with self.tape.entry("lose", text=endpoint):
            super().lose(endpoint)

    def say(self, text: str) -> None:
        """Speak up without being asked."""
        with self.tape.entry("say", text=text):
            super().say(text)

    def typed(self, text: str) -> None:
        """The person typed."""
        with self.tape.entry("typed", text=text):
            super().typed(text)

    def tick(self) -> int:
        """Do what is due; a tape that is wanted begins where nothing is under way."""
        if not self.tape.wanted:
            return super().tick()
        if not self.tape.on and self.idle:
            self.tape.begin(self._opened())
        with self.tape.entry("tick"):
            return super().tick()

    def close(self, *, wanted: bool = False) -> None:
        """End."""
        with self.tape.entry("close", kind="wanted" if wanted else ""):
            super().close(wanted=wanted)

    def _opened(self) -> TraceOpened:
        tables = {name: msgspec.to_builtins(getattr(self._settings, name)) for name in SETTINGS}
        return TraceOpened(
            request=self.request,
            term=self.term,
            next_turn=self.turns.next_number,
            stream=self.hearing.stream,
            consumed=self.hearing.consumed,
            settings=json.dumps(tables, sort_keys=True),
        )
