"""A recorded reply of the language model, thought again in virtual time."""

from streamtalk.cli.flight.script import Step
from streamtalk.orchestrator.ports import ReplyEvents
from streamtalk.proto.errors import StreamTalkError, error_from_code
from streamtalk.proto.message import Refusal


class Thought:
    """A recorded answer that is being thought again."""

    def __init__(self, events: ReplyEvents) -> None:
        self._events = events
        self.over = False

    def cancel(self) -> None:
        """Nothing more is told."""
        self.over = True

    def tell(self, step: Step) -> None:
        """Pass on what was recorded."""
        if self.over:
            return
        if step.what == "text":
            self._events.on_text(step.traced.text)
        elif step.what == "error":
            self.over = True
            self._events.on_failed(error_of(step))
        else:
            self.end()

    def end(self) -> None:
        """The text is complete."""
        if not self.over:
            self.over = True
            self._events.on_end()


def error_of(step: Step) -> StreamTalkError:
    """The error that a recorded call failed with."""
    refusal = step.message
    if isinstance(refusal, Refusal):
        return error_from_code(refusal.code, refusal.message)
    return StreamTalkError("unknown")
