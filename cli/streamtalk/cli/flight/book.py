"""The recorded calls, found again by what was asked; the nearest where a decision moved."""

from collections.abc import Callable
from typing import Any

from streamtalk.cli.flight.script import Call, Part
from streamtalk.proto.conversation import Turn
from streamtalk.proto.endpointing import Predict
from streamtalk.proto.recognition import Transcribe
from streamtalk.proto.synthesis import Speak


class CallBook:
    """Each call is given once where it fits, and again only where nothing nearer is left."""

    def __init__(self, part: Part) -> None:
        self._calls: dict[str, list[Call]] = {}
        for call in part.calls.values():
            self._calls.setdefault(call.kind, []).append(call)

    def transcribe(self, request: Transcribe) -> Call | None:
        """By stream and range; partial and final ones are not mixed."""

        def same(other: Transcribe) -> bool:
            return _range(other) == _range(request) and other.final == request.final

        def distance(other: Transcribe) -> float:
            if (other.stream, other.final) != (request.stream, request.final):
                return float("inf")
            moved = abs(other.from_sample - request.from_sample)
            return moved + abs(other.to_sample - request.to_sample)

        return self._take("transcribe", same, distance)

    def predict(self, request: Predict) -> Call | None:
        """By text and range; the same text before the same place."""

        def same(other: Predict) -> bool:
            return _range(other) == _range(request) and other.text == request.text

        def distance(other: Predict) -> float:
            moved = abs(other.to_sample - request.to_sample)
            return moved + (0 if other.text == request.text else 1 << 40)

        return self._take("predict", same, distance)

    def think(self, asked: Turn) -> Call | None:
        """By what the person said; else what was thought in that turn, or the one nearest to it."""

        def same(other: Turn) -> bool:
            return (other.turn, other.user_text) == (asked.turn, asked.user_text)

        def distance(other: Turn) -> float:
            at, now = (turn.speech_end or 0 for turn in (other, asked))
            return abs(at - now) + (0 if other.turn == asked.turn else 1 << 40)

        return self._take("think", same, distance)

    def speak(self, request: Speak) -> Call | None:
        """By the text alone: another text has other audio."""

        def same(other: Speak) -> bool:
            return (other.text, other.piece) == (request.text, request.piece)

        return self._take("speak", same, lambda o: 0 if o.text == request.text else float("inf"))

    def after(self, now_ns: int) -> Call | None:
        """The wait that began at this moment."""
        waits = self._calls.get("after", [])
        found = next((call for call in waits if not call.used and call.at_ns == now_ns), None)
        if found is not None:
            found.used = True
        return found

    def attach(self, now_ns: int) -> Call | None:
        """The attachment or renewal of this moment; else the next one."""
        waits = [call for call in self._calls.get("attach", []) if not call.used]
        found = next((call for call in waits if call.at_ns >= now_ns), None)
        if found is not None:
            found.used = True
        return found

    def _take(
        self, kind: str, same: Callable[[Any], bool], distance: Callable[[Any], float]
    ) -> Call | None:
        calls = self._calls.get(kind, [])
        found = next((call for call in calls if not call.used and same(call.request)), None)
        if found is None:
            ranked = [(distance(call.request), call.used, call.number, call) for call in calls]
            near = min((rank for rank in ranked if rank[0] < float("inf")), default=None)
            found = near[3] if near else None
        if found is not None:
            found.used = True
        return found


def _range(request: Transcribe | Predict) -> tuple[str, int, int]:
    return request.stream, request.from_sample, request.to_sample
