"""What enters and leaves a conversation, told while somebody records it; nothing otherwise.

While the tape runs, everything that one entry sets in motion sees one time, that of the entry: who
plays the entries back at their times gets the same decisions.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import msgspec

from streamtalk.proto.codec import encode, refusal
from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.message import Message
from streamtalk.proto.trace import Traced

Publish = Callable[[Traced, bytes], None]
"""Takes an entry and the encoded message that it is about."""

V = TypeVar("V")
_LAZY: Final = frozenset({"tick", "vad"})
"""What enters often without an effect: told when it has one."""

_NOTHING: Final = b""


class Tape:
    """Numbers what it is told; off until `begin`, and then as good as not there."""

    def __init__(self, publish: Publish, clock_ns: Callable[[], int]) -> None:
        self._publish = publish
        self._clock_ns = clock_ns
        self._calls = itertools.count(1)
        self._number = 0
        self._depth = 0
        self._at_ns = 0
        self._waiting: Traced | None = None
        """A tick or a state that has had no effect yet."""

        self._about: Message | None = None

        self.on = False
        self.wanted = False
        """Whether it should run: it begins when the conversation rests."""

        self._told: dict[tuple[str, str], object] = {}
        """What the world answered last, by question."""

        self.due_ns: Callable[[], int | None] = lambda: None
        """When silence would end the turn: who plays back has to know which dues were passed by."""

    def clock_ns(self) -> int:
        """The conversation's clock: the time of the entry that is being dealt with."""
        return self._at_ns if self._depth else self._clock_ns()

    def want(self, *, wanted: bool) -> None:
        """Have it run from the next rest on, or end it now."""
        self.wanted = wanted
        self.on = self.on and wanted

    def begin(self, opened: Message) -> None:
        """Start to run; `opened` is all that the conversation knows."""
        self.on, self._number, self._waiting = True, 0, None
        self._told.clear()
        self.note("opened", opened)

    @contextmanager
    def entry(self, what: str, message: Message | None = None, **fields: Any) -> Iterator[None]:  # noqa: ANN401 — fields of Traced
        """Something enters the conversation, which deals with it inside this context."""
        if not self.on:
            yield
            return
        within = self._depth > 0
        if not within:
            self._at_ns = self._clock_ns()
        due_ns = self.due_ns()
        self._depth += 1
        try:
            found = self._traced(what, within=within, due_ns=due_ns, **fields)
            if what in _LAZY:
                self._waiting, self._about = found, message
            else:
                self._tell(found, message)
            yield
        finally:
            self._depth -= 1
            self._waiting = None

    def happened(self) -> None:
        """What entered last counts, whether or not anything comes of it."""
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._tell(waiting, self._about)

    def note(self, what: str, message: Message | None = None, **fields: Any) -> None:  # noqa: ANN401
        """Something leaves the conversation, or is decided in it."""
        if self.on:
            self._tell(self._traced(what, within=self._depth > 0, **fields), message)

    def answered(self, kind: str, about: str, value: V) -> V:
        """The world's answer to a question, told when it is another than before."""
        if self.on and self._told.get((kind, about), _NOTHING) != value:
            self._told[kind, about] = value
            self.note("answered", kind=kind, text=json.dumps([about, value]))
        return value

    def call(self, kind: str, message: Message | None = None) -> int:
        """The conversation asks for something; returns the number of the call."""
        number = next(self._calls)
        self.note("call", message, kind=kind, call=number)
        return number

    def replied(self, call: int, done: Callable[[Any], None]) -> Callable[[Any], None]:
        """`done`, told as an entry when the reply comes."""

        def told(reply: Any) -> None:  # noqa: ANN401 — whatever the call replies
            with self.entry("reply", reply, call=call):
                done(reply)

        return told

    def failed(
        self, call: int, failed: Callable[[StreamTalkError], None]
    ) -> Callable[[StreamTalkError], None]:
        """`failed`, told as an entry when the call fails."""

        def told(error: StreamTalkError) -> None:
            with self.entry("error", refusal(error), call=call):
                failed(error)

        return told

    def _traced(self, what: str, **fields: Any) -> Traced:  # noqa: ANN401
        return Traced(number=0, at_ns=self.clock_ns(), what=what, **fields)

    def _tell(self, found: Traced, message: Message | None) -> None:
        self.happened()
        numbered = msgspec.structs.replace(found, number=self._number)
        self._number += 1
        self._publish(numbered, _NOTHING if message is None else encode(message))
