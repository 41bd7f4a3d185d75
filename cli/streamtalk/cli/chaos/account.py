"""What became of utterances: answered, told of an error, or lost, and how it sounded. Pure."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from streamtalk.cli.bench_pipeline import late_frames
from streamtalk.cli.chaos.script import REPLY_FRAMES
from streamtalk.cli.chaos.talker import Said
from streamtalk.proto.audio import FRAME_MS

_FRAME_NS: Final = FRAME_MS * 1_000_000

Fate = Literal["answered", "told", "lost"]


def fate(said: Said) -> Fate:
    """An answer that was heard, an error that was told, or neither: lost in silence."""
    if said.errors:
        return "told"
    return "answered" if said.played_ns else "lost"


def gap_ms(played_ns: Sequence[int]) -> float:
    """Longest pause inside a reply, beyond the 20 ms from frame to frame."""
    pauses = [later - earlier for earlier, later in itertools.pairwise(played_ns)]
    return max(0.0, (max(pauses, default=0) - _FRAME_NS) / 1e6)


@dataclass(frozen=True)
class Account:
    """Sums over utterances."""

    turns: int
    told: int
    lost: int
    gap_ms: float
    late_frames: int
    repeated_ms: int
    """Most that one reply was longer than its script."""

    missing_ms: int
    """Most that one uncut reply was shorter than its script."""

    lost_names: tuple[str, ...]
    """Which utterances were lost: session and number."""

    first_audio_ms: tuple[float, ...]
    """From the end of each answered utterance to the first frame of its reply."""


def account(utterances: Sequence[Said], reply_frames: int = REPLY_FRAMES) -> Account:
    """The sums; lengths are compared where the reply was neither cut by a person nor an error."""
    answered = [said for said in utterances if fate(said) == "answered"]
    whole = [len(said.played_ns) - reply_frames for said in answered if not said.cut]
    return Account(
        turns=len(utterances),
        told=sum(fate(said) == "told" for said in utterances),
        lost=sum(fate(said) == "lost" for said in utterances),
        lost_names=tuple(
            f"{said.session} #{said.number}" for said in utterances if fate(said) == "lost"
        ),
        gap_ms=max((gap_ms(said.played_ns) for said in answered), default=0.0),
        late_frames=sum(late_frames(said.played_ns) for said in answered),
        repeated_ms=max(0, *whole, 0) * FRAME_MS,
        missing_ms=max(0, *(-frames for frames in whole), 0) * FRAME_MS,
        first_audio_ms=tuple((said.played_ns[0] - said.ended_ns) / 1e6 for said in answered),
    )


def lost_lines(found: Account) -> list[str]:
    """That utterances were lost in silence, and which; empty where none was."""
    if not found.lost:
        return []
    return [f"{found.lost} utterances lost in silence: {', '.join(found.lost_names)}"]
