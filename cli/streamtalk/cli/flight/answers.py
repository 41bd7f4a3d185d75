"""Which answers of a replay are answers of the recording, call by call at the same moments.

For those, what the recorded sink said holds; for others a sink is simulated.
"""

from typing import Any, Final

import msgspec

from streamtalk.cli.flight.script import Call, Part, Step
from streamtalk.proto.playback import SinkRequest
from streamtalk.proto.state import PlaybackState
from streamtalk.proto.synthesis import Speak

_NOBODY: Final = ""


class Answers:
    """Answers by the id that the replay gave them, and the id that they had."""

    def __init__(self, part: Part) -> None:
        self._sinks = [call for call in part.calls.values() if call.kind == "sink"]
        self._orders: dict[str, list[Call]] = {}
        for call in part.calls.values():
            if isinstance(call.request, SinkRequest | Speak):
                self._orders.setdefault(call.request.answer, []).append(call)
        self._known: dict[str, str] = {}
        self._replayed: dict[str, str] = {}
        self._parted: set[str] = set()

    def match(self, request: SinkRequest, now_ns: int) -> Call | None:
        """The recorded call that this is; None where the answer goes its own way from here."""
        for call in self._sinks:
            if not call.used and call.at_ns == now_ns and self._same(request, call.request):
                call.used = True
                return call
        self.part_ways(request.answer)
        return None

    def spoke(self, request: Speak, call: Call | None, now_ns: int) -> None:
        """A piece was ordered; `call` is the recorded order that stood for it."""
        order = call.request if call is not None and call.at_ns == now_ns else None
        if not isinstance(order, Speak) or not self._is(request.answer, order.answer):
            self.part_ways(request.answer)

    def part_ways(self, answer: str) -> None:
        """What the recorded sink said of this answer holds no longer."""
        self._parted.add(answer)
        recorded = self._known.pop(answer, _NOBODY)
        self._replayed.pop(recorded, None)

    def holds(self, answer: str, step: Step) -> bool:
        """Whether a recorded state tells of this answer: nothing was asked of it otherwise."""
        recorded = self._known.get(answer)
        if recorded is None:
            return False
        if any(call.at_ns < step.at_ns and not call.used for call in self._orders[recorded]):
            self.part_ways(answer)
            return False
        return True

    def knows(self, answer: str) -> bool:
        """Whether it has gone as recorded so far."""
        return answer in self._known

    def translated(self, state: PlaybackState) -> PlaybackState:
        """A recorded state with the ids that the replay uses."""
        held = [
            msgspec.structs.replace(frontier, answer=self._name(frontier.answer))
            for frontier in state.held
        ]
        playing, ended = (
            None if name is None else self._name(name) for name in (state.playing, state.ended)
        )
        return msgspec.structs.replace(state, playing=playing, ended=ended, held=held)

    def _name(self, recorded: str) -> str:
        return self._replayed.get(recorded, recorded)

    def _same(self, request: SinkRequest, recorded: Any) -> bool:  # noqa: ANN401 — any request
        if type(request) is not type(recorded):
            return False
        own: SinkRequest = msgspec.structs.replace(recorded, answer=request.answer)
        return own == request and self._is(request.answer, recorded.answer)

    def _is(self, answer: str, recorded: str) -> bool:
        """Whether they are the same answer; what is asked of one for the first time settles it."""
        if answer in self._parted:
            return False
        if answer not in self._known and recorded not in self._replayed:
            self._known[answer], self._replayed[recorded] = recorded, answer
        return self._known.get(answer) == recorded
