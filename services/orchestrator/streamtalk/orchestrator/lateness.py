"""When a voice is left because its audio is late; no I/O, no clock.

A loudspeaker that has run dry waits for its voice no longer than a person takes for a pause; audio
that was made long ago and does not arrive shows a stuck process before anything is to be heard.
"""

from dataclasses import dataclass
from typing import Final

from streamtalk.proto.state import Frontier, PlaybackState

LATE_NS: Final = 250_000_000
UNKNOWN_FIRST_MS: Final = 2_000.0
"""Allowed for the first audio of a voice while no voice has spoken yet."""

STALE_STATES: Final = 4
"""So many states in a row, 100 ms apart, without audio that is there and wanted."""

MAX_LEFT: Final = 3
"""An answer goes through so many voices; where all of them are late, the machine is."""


class Pace:
    """How soon each voice is used to be heard."""

    def __init__(self) -> None:
        self._first_ms: dict[str, float] = {}

    def learn(self, voice: str, first_audio_ms: float) -> None:
        """Note how long a piece took to its first audio; the slow ones are remembered longer."""
        known_ms = self._first_ms.get(voice, first_audio_ms)
        self._first_ms[voice] = max(first_audio_ms, 0.8 * known_ms + 0.2 * first_audio_ms)

    def allowed_ms(self, voice: str) -> float:
        """When the first audio of a piece is late, from when it was asked for.

        A voice that has not spoken yet has the time of the slowest of the others.
        """
        slowest_ms = max(self._first_ms.values(), default=None)
        first_ms = self._first_ms.get(voice, slowest_ms)
        return UNKNOWN_FIRST_MS if first_ms is None else 2 * first_ms + LATE_NS / 1e6

    def forget(self, voices: set[str]) -> None:
        """Keep only these."""
        self._first_ms = {v: ms for v, ms in self._first_ms.items() if v in voices}


@dataclass(frozen=True)
class Owed:
    """The audio that the sink lacks next, and who owes it."""

    voice: str
    made: bool
    """Whether it exists, so that only its way is left."""

    begun: bool
    """Whether the sink has any of the piece."""


class Lateness:
    """Follows the audio of one answer at its sink."""

    def __init__(self) -> None:
        self._asked_ns = 0
        self._allowed_ns = 0
        self._have = (0, 0)
        self._dry_ns: int | None = None
        self._stale = 0
        self._left = 0

    def asked(self, allowed_ms: float, now_ns: int) -> None:
        """A voice was given a piece."""
        self._asked_ns, self._allowed_ns = now_ns, int(allowed_ms * 1e6)

    def left(self, now_ns: int) -> None:
        """The voice was left: the next one has its time."""
        self._left += 1
        self._stale, self._dry_ns, self._asked_ns = 0, now_ns, now_ns

    def on_playback(
        self, state: PlaybackState, frontier: Frontier, owed: Owed, now_ns: int
    ) -> None:
        """Take the sink's state."""
        have = (frontier.have_piece, frontier.have_sample)
        want = (frontier.want_piece, frontier.want_sample)
        moved, self._have = have != self._have, have
        self._stale = 0 if moved or not owed.made or have >= want else self._stale + 1
        silent = state.first_audible is None and not frontier.have_sample
        if not (state.starved or silent):
            self._dry_ns = None
        elif moved or self._dry_ns is None:
            self._dry_ns = now_ns

    def due_ns(self, owed: Owed) -> int | None:
        """When the voice that owes is late, if nothing comes; None: not before the next state."""
        if self._left >= MAX_LEFT or not owed.voice:
            return None
        if self._stale >= STALE_STATES:
            return 0
        if self._dry_ns is None:
            return None
        due_ns = self._dry_ns + LATE_NS
        return due_ns if owed.begun else max(due_ns, self._asked_ns + self._allowed_ns)
