"""How far the making of an answer is: whole states, for whoever ordered with `progress`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from streamtalk.proto.errors import StreamTalkError
from streamtalk.proto.message import Message
from streamtalk.proto.state import STATE_LINGER_MS, STATE_PERIOD_MS, SynthesisState
from streamtalk.proto.topics import topic
from streamtalk.tts.answers import Key
from streamtalk.tts.pieces import KeptPiece

MARKS_TOLD: Final = 256
_PERIOD_NS: Final = STATE_PERIOD_MS * 1_000_000
_LINGER_NS: Final = STATE_LINGER_MS * 1_000_000
_NEVER: Final = 1 << 62
_REASON_CHARS: Final = 500


@dataclass
class _Part:
    """One piece that is followed."""

    piece: KeptPiece
    expected: int
    error: StreamTalkError | None = None

    @property
    def expected_samples(self) -> int:
        """Exact once nothing more comes."""
        if self.piece.spoken is not None or self.error is not None:
            return self.piece.made
        return max(self.expected, self.piece.made)

    @property
    def waits(self) -> bool:
        """Whether something may still happen to it."""
        return self.piece.spoken is None and self.error is None


class _Followed:
    """The followed pieces of one answer."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.parts: dict[int, _Part] = {}
        self.last = 0
        self.changed_ns = 0
        self.due_ns = _NEVER
        self.over = False
        """Whether the answer is dropped, and only its last state is repeated for a while."""

    @property
    def waits(self) -> bool:
        """Whether something may still happen to one of them."""
        return any(part.waits for part in self.parts.values())

    def next_due_ns(self, now_ns: int) -> int:
        """When the state that is published now has to be repeated."""
        lingers = now_ns - self.changed_ns < _LINGER_NS
        return now_ns + _PERIOD_NS if lingers or self.waits else _NEVER

    def state(self, answer: str) -> SynthesisState:
        """The whole of it."""
        parts, last = list(self.parts.values()), self.parts[self.last].piece
        error = next((part.error for part in parts if part.error is not None), None)
        made = [part for part in parts if part.piece.spoken is not None]
        return SynthesisState(
            answer=answer,
            attempt=self.attempt,
            pieces=len(parts),
            pieces_made=len(made),
            made_samples=sum(part.piece.made for part in parts),
            expected_samples=sum(part.expected_samples for part in parts),
            piece=last.number,
            piece_samples=last.made,
            marks=last.marks[-MARKS_TOLD:],
            done=len(made) == len(parts),
            error="" if error is None else error.code,
            reason="" if error is None else str(error)[:_REASON_CHARS],
        )


class Progress:
    """Publishes on change, then every 100 ms until a second after the last change."""

    def __init__(self, publish: Callable[[bytes, Message, bytes], None]) -> None:
        self._publish = publish
        self._followed: dict[Key, _Followed] = {}

    def begin(self, piece: KeptPiece, expected_samples: int, now_ns: int) -> int:
        """Follow a piece, before anything of it is made; returns when `tick` is to be called."""
        order = piece.order
        followed = self._followed.get(_key(piece))
        if followed is None or followed.over:
            followed = self._followed[_key(piece)] = _Followed(order.attempt)
        followed.parts[piece.number] = _Part(piece, expected_samples)
        if len(followed.parts) == 1:
            followed.last = piece.number
        self._tell(_key(piece), followed, now_ns, changed=True)
        return followed.due_ns

    def grown(self, piece: KeptPiece, before: int, now_ns: int) -> None:
        """More of a piece is made: told at once of its first sound, else when it is time."""
        followed = self._followed.get(_key(piece)) if self._followed else None
        if followed is None or piece.number not in followed.parts:
            return
        followed.last = piece.number
        if not before or now_ns >= followed.due_ns:
            self._tell(_key(piece), followed, now_ns, changed=True)

    def made(self, piece: KeptPiece, now_ns: int) -> None:
        """All of a piece is there."""
        self._end(piece, None, now_ns)

    def failed(self, piece: KeptPiece, error: StreamTalkError, now_ns: int) -> None:
        """A piece will not be made."""
        self._end(piece, error, now_ns)

    def forget(self, key: Key, error: StreamTalkError, now_ns: int) -> None:
        """An answer is dropped: its end is told where somebody waits for it."""
        followed = self._followed.get(key)
        if followed is None or followed.over:
            return
        if not followed.waits:
            del self._followed[key]
            return
        followed.over = True
        for part in followed.parts.values():
            part.error = error if part.waits else part.error
        self._tell(key, followed, now_ns, changed=True)

    def tick(self, now_ns: int) -> int:
        """Repeat what is due; returns when to be called again."""
        for key, followed in list(self._followed.items()):
            if now_ns >= followed.due_ns:
                self._tell(key, followed, now_ns, changed=False)
            if followed.over and followed.due_ns == _NEVER:
                del self._followed[key]
        return min((followed.due_ns for followed in self._followed.values()), default=_NEVER)

    def _end(self, piece: KeptPiece, error: StreamTalkError | None, now_ns: int) -> None:
        followed = self._followed.get(_key(piece)) if self._followed else None
        part = followed.parts.get(piece.number) if followed else None
        if followed is None or part is None:
            return
        part.error = error
        followed.last = piece.number
        self._tell(_key(piece), followed, now_ns, changed=True)

    def _tell(self, key: Key, followed: _Followed, now_ns: int, *, changed: bool) -> None:
        followed.changed_ns = now_ns if changed else followed.changed_ns
        followed.due_ns = followed.next_due_ns(now_ns)
        session, answer = key
        self._publish(topic("state", "synthesis", session), followed.state(answer), b"")


def _key(piece: KeptPiece) -> Key:
    return piece.order.session, piece.order.answer
