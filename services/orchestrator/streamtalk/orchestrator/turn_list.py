"""The turns of one opening of a session, numbered without a hole."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import dropwhile
from typing import Final, overload

from streamtalk.orchestrator.exchange import Exchange
from streamtalk.orchestrator.hearing import Range
from streamtalk.orchestrator.history import TurnRow

KEPT_TURNS: Final = 100
"""Turns that views and reports can still see; the history has them all."""


class TurnList(Sequence[Exchange]):
    """The last turns, the oldest first."""

    def __init__(self, first_number: int) -> None:
        self._next = first_number
        self._turns: list[Exchange] = []

    @property
    def next_number(self) -> int:
        """The number of the turn that comes next."""
        return self._next

    def begin(self, now_ns: int) -> Exchange:
        """A new turn; an answer to it is timed from now, unless it is committed later."""
        exchange = Exchange(self._next, committed_ns=now_ns)
        self._next += 1
        self.append(exchange)
        return exchange

    def append(self, exchange: Exchange) -> None:
        """A turn that has its number already."""
        self._turns.append(exchange)
        del self._turns[:-KEPT_TURNS]

    def restore(self, rows: Iterable[TurnRow], stream: str) -> None:
        """Finished turns of the same opening, which an earlier owner wrote down, oldest first.

        An opening begins with the first turn of its microphone `stream`: later rows belong to it,
        typed ones too. Positions are kept where they count in that stream, and when which frame of
        a reply was played is in no history.
        """
        ours = dropwhile(lambda row: row.stream != stream, rows)
        for row in ours:
            if row.state == "done":
                self.append(_restored(row, stream))

    def forget(self, exchange: Exchange) -> None:
        """It was no turn; its number is used again unless a later one is taken already."""
        self._turns.remove(exchange)
        if exchange.number == self._next - 1:
            self._next = exchange.number

    def use_again(self, number: int) -> None:
        """An earlier owner gave this number to what was no turn yet."""
        self._next = min(self._next, number)

    @overload
    def __getitem__(self, index: int) -> Exchange: ...

    @overload
    def __getitem__(self, index: slice) -> list[Exchange]: ...

    def __getitem__(self, index: int | slice) -> Exchange | list[Exchange]:
        return self._turns[index]

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._turns)

    def __len__(self) -> int:
        return len(self._turns)


def _restored(row: TurnRow, stream: str) -> Exchange:
    placed = row.stream == stream
    return Exchange(
        row.turn,
        state="done",
        stream=row.stream,
        key=Range(stream, row.from_sample, row.to_sample) if placed and row.to_sample else None,
        user_text=row.user_text,
        prefix=row.reply_text,
        heard_text=row.heard_text,
        interrupted=row.interrupted,
        error=row.error,
        speech_start=row.from_sample if placed and row.to_sample else None,
        stages_ms=dict(row.stages_ms),
    )
