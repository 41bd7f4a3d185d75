"""A reply that is asked for again, after the one that was being heard broke off."""

from streamtalk.orchestrator.ports import ReplyEvents
from streamtalk.proto.errors import StreamTalkError


class Continuing:
    """Passes on what comes behind the text that was heard already.

    Asked to go on, a model goes on, or begins anew: text that repeats what was `said` is held back
    until it differs, or comes to the end of it.
    """

    def __init__(self, said: str, events: ReplyEvents) -> None:
        self._said = said
        self._events = events
        self._held = ""
        self._repeats = True

    def on_text(self, delta: str) -> None:
        """More of the text."""
        if self._repeats:
            self._held += delta
            if self._said.startswith(self._held):
                return
            self._repeats = False
            delta = self._held.removeprefix(self._said)
        self._events.on_text(delta)

    def on_end(self) -> None:
        """The text is complete."""
        self._events.on_end()

    def on_failed(self, error: StreamTalkError) -> None:
        """There will be no more text."""
        self._events.on_failed(error)
