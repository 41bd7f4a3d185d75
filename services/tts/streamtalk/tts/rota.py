"""Whose turn it is: one piece of each session at a time, the pieces of an answer in order."""

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class _Entry(NamedTuple, Generic[T]):
    answer: str
    piece: int
    work: T


class Rota(Generic[T]):
    """The pieces that wait, by session; the engine's queue makes the turns among sessions."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[_Entry[T]]] = {}
        self._current: dict[str, _Entry[T]] = {}

    def add(self, session: str, answer: str, piece: int, work: T) -> None:
        """A piece was ordered."""
        self._waiting.setdefault(session, []).append(_Entry(answer, piece, work))

    def begin(self, session: str) -> T | None:
        """The next piece of a session; None where none waits or one is being made."""
        waiting = self._waiting.get(session)
        if not waiting or session in self._current:
            return None
        first = waiting[0].answer
        entry = min((e for e in waiting if e.answer == first), key=lambda entry: entry.piece)
        waiting.remove(entry)
        if not waiting:
            del self._waiting[session]
        self._current[session] = entry
        return entry.work

    def is_current(self, session: str, work: T) -> bool:
        """Whether this is the piece that the session has in work."""
        entry = self._current.get(session)
        return entry is not None and entry.work is work

    def end(self, session: str) -> None:
        """The piece in work is made, or has failed."""
        self._current.pop(session, None)

    def drop(self, session: str, answer: str) -> list[T]:
        """Take an answer out, the piece in work included; returns what it had ordered."""
        waiting = self._waiting.pop(session, [])
        dropped = [entry.work for entry in waiting if entry.answer == answer]
        if kept := [entry for entry in waiting if entry.answer != answer]:
            self._waiting[session] = kept
        current = self._current.get(session)
        if current is not None and current.answer == answer:
            del self._current[session]
            dropped.append(current.work)
        return dropped

    def waiting(self, session: str) -> int:
        """Pieces of a session that wait."""
        return len(self._waiting.get(session, ()))

    @property
    def busy_sessions(self) -> int:
        """Sessions that have a piece in work."""
        return len(self._current)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is in work."""
        return not self._current and not self._waiting
