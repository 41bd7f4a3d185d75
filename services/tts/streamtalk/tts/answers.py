"""Audio kept for sinks: sent by credit, sent again where it was lost, dropped in the end."""

from collections.abc import Iterator, Sequence
from typing import Final

from streamtalk.proto.errors import OverloadedError, SessionError
from streamtalk.proto.state import Frontier
from streamtalk.proto.synthesis import Speak
from streamtalk.tts.pieces import KeptPiece, Parcel

STALE_STATES: Final = 2
"""So many states in a row must show that sent audio is missing before it is sent again."""

_PRESENT_NS: Final = 1_000_000_000
"""A living sink states what it wants every 100 ms."""

_MOVING_NS: Final = 2_000_000_000
"""An answer whose sink got nothing for this long has come to its end, or its owner has."""

_EVERYTHING: Final = 1 << 62

Key = tuple[str, str]
"""(session, answer)."""


class Answer:
    """The pieces of one answer, and what its sink says of them."""

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.pieces: dict[int, KeptPiece] = {}
        self.listed = False
        """Whether the sink has ever named this answer."""

        self.touched_ns = 0
        self.moved_ns = 0
        """When its sink last had more of it than before."""

        self._frontier: Frontier | None = None
        self._missing = False
        self._stale_states = 0

    def ordered(self) -> Iterator[KeptPiece]:
        """The pieces by number."""
        return (self.pieces[number] for number in sorted(self.pieces))

    def take(self) -> list[Parcel]:
        """What may be sent now; a piece waits until those before it are sent."""
        parcels: list[Parcel] = []
        for piece in self.ordered():
            if not piece.closed:
                parcels += piece.take(self._wanted(piece.number))
            if not piece.closed:
                break
        return parcels

    def follow(self, frontier: Frontier, now_ns: int) -> None:
        """The sink states what it has and wants; what was lost will be sent again."""
        before, self._frontier = self._frontier, frontier
        have = (frontier.have_piece, frontier.have_sample)
        stands_still = before is not None and have == (before.have_piece, before.have_sample)
        self.moved_ns = self.moved_ns if stands_still else now_ns
        self._stale_states = self._stale_states + 1 if stands_still and self._missing else 0
        if self._stale_states >= STALE_STATES:
            self._go_back(*have)
        self._missing = self._is_missing(*have)
        for piece in self.pieces.values():
            if piece.number < frontier.have_piece and piece.spoken is not None:
                piece.release()

    def _wanted(self, number: int) -> int:
        state = self._frontier
        if state is None or number > state.want_piece:
            return 0
        return state.want_sample if number == state.want_piece else _EVERYTHING

    def _is_missing(self, have_piece: int, have_sample: int) -> bool:
        current = self.pieces.get(have_piece)
        if current is None:
            return False
        later = (p for p in self.pieces.values() if p.number > have_piece)
        return current.is_beyond(have_sample) or any(piece.is_beyond(0) for piece in later)

    def _go_back(self, have_piece: int, have_sample: int) -> None:
        self._stale_states = 0
        for piece in self.pieces.values():
            if piece.number >= have_piece:
                piece.rewind(have_sample if piece.number == have_piece else 0)


class Answers:
    """All answers of all sessions."""

    def __init__(self, limit_bytes: int, patience_ns: int) -> None:
        self._limit_bytes = limit_bytes
        self._patience_ns = patience_ns
        self._answers: dict[Key, Answer] = {}

    def find(self, order: Speak) -> KeptPiece | None:
        """The piece that this very order began, if it is still known."""
        answer = self._answers.get((order.session, order.answer))
        if answer is None or answer.attempt != order.attempt:
            return None
        return answer.pieces.get(order.piece)

    def is_newer(self, order: Speak) -> bool:
        """Whether the order takes up a known answer again, so that what is kept is void."""
        answer = self._answers.get((order.session, order.answer))
        return answer is not None and answer.attempt < order.attempt

    def is_first(self, order: Speak) -> bool:
        """Whether nothing of this answer was ordered before."""
        return (order.session, order.answer) not in self._answers

    def is_ahead(self, session: str, answer: str) -> bool:
        """Whether audio of this answer waits until its sink wants more."""
        kept = self._answers.get((session, answer))
        return kept is not None and any(piece.waits for piece in kept.pieces.values())

    def begin(self, order: Speak, now_ns: int) -> KeptPiece:
        """Keep a new piece.

        Raises SessionError for a superseded attempt, OverloadedError when too much is kept.
        """
        self._make_room()
        answer = self._answers.setdefault((order.session, order.answer), Answer(order.attempt))
        if order.attempt < answer.attempt:
            raise SessionError(
                f"attempt {order.attempt} of this answer was superseded by {answer.attempt}"
            )
        answer.touched_ns = now_ns
        piece = answer.pieces[order.piece] = KeptPiece(order)
        return piece

    def discard(self, piece: KeptPiece) -> None:
        """Forget a piece that could not be made."""
        answer = self._answers.get((piece.order.session, piece.order.answer))
        if answer is not None and answer.pieces.get(piece.number) is piece:
            del answer.pieces[piece.number]

    def take(self, session: str, answer: str, now_ns: int) -> list[Parcel]:
        """What may be sent of one answer now."""
        kept = self._answers.get((session, answer))
        if kept is None:
            return []
        parcels = kept.take()
        if parcels:
            kept.touched_ns = now_ns
        return parcels

    def hear(self, session: str, held: Sequence[Frontier], now_ns: int) -> list[str]:
        """The sink of a session states what it holds; returns the answers it is done with."""
        by_answer = {frontier.answer: frontier for frontier in held}
        done: list[str] = []
        for name, answer in self.of(session):
            frontier = by_answer.get(name)
            if (frontier is None and answer.listed) or (
                frontier is not None and frontier.attempt > answer.attempt
            ):
                done.append(name)
            elif frontier is not None:
                self._follow(answer, frontier, now_ns)
        return done

    def of(self, session: str) -> list[tuple[str, Answer]]:
        """The answers of one session by name."""
        return [(key[1], answer) for key, answer in self._answers.items() if key[0] == session]

    def drop(self, session: str, answer: str) -> None:
        """Forget an answer; one that is unknown is no error."""
        self._answers.pop((session, answer), None)

    def expired(self, now_ns: int) -> list[Key]:
        """Answers whose sink has shown no sign of them for too long."""
        oldest_ns = now_ns - self._patience_ns
        return [key for key, answer in self._answers.items() if answer.touched_ns < oldest_ns]

    def has_session(self, session: str) -> bool:
        """Whether audio of this session is kept."""
        return any(key[0] == session for key in self._answers)

    def unsent(self, now_ns: int) -> bool:
        """Whether a sink that has shown itself lately still has to get something that is made."""
        oldest_ns = now_ns - _PRESENT_NS
        return any(
            not piece.closed
            for answer in self._answers.values()
            if answer.touched_ns >= oldest_ns
            for piece in answer.ordered()
        )

    def under_way(self, now_ns: int) -> bool:
        """Whether an answer is being played that may have further pieces."""
        return any(answer.moved_ns > now_ns - _MOVING_NS for answer in self._answers.values())

    @property
    def kept_bytes(self) -> int:
        """Memory that all audio takes."""
        return sum(
            piece.kept_bytes for answer in self._answers.values() for piece in answer.ordered()
        )

    @staticmethod
    def _follow(answer: Answer, frontier: Frontier, now_ns: int) -> None:
        answer.listed = True
        answer.touched_ns = now_ns
        if frontier.attempt == answer.attempt:
            answer.follow(frontier, now_ns)

    def _make_room(self) -> None:
        if self.kept_bytes <= self._limit_bytes:
            return
        for key, answer in list(self._answers.items()):
            if not answer.listed and all(piece.closed for piece in answer.ordered()):
                del self._answers[key]
            if self.kept_bytes <= self._limit_bytes:
                return
        raise OverloadedError("too much speech waits for its sinks; cancel an answer or wait")
