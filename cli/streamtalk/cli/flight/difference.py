"""Two sets of decisions side by side, for people and for programs."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from streamtalk.cli.flight.decisions import LATENCIES, Decision, Decisions
from streamtalk.proto.audio import MIC_RATE_HZ

_POSITIONS: Final = ("speech_start", "speech_end", "committed", "reply_start", "reply_end")
_ORDER: Final = ("vad", "asr", "turn", "llm_first_text", "tts_first_audio", "playback")


class TurnDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One turn as it was and as it is now; None: there was none."""

    turn: int
    recorded: Decision | None
    replayed: Decision | None
    different: list[str]
    """Fields that were decided otherwise; `turn` where one side has none."""


class PartDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation."""

    session: str
    turns: list[TurnDifference]
    dropped: tuple[list[int], list[int]]
    lost_rows: int
    notes: list[str]

    @property
    def same(self) -> bool:
        """Whether nothing was decided otherwise."""
        return self.dropped[0] == self.dropped[1] and not any(t.different for t in self.turns)


def compare(
    session: str, recorded: Decisions, replayed: Decisions, lost_rows: int, notes: list[str]
) -> PartDifference:
    """Turn by turn, by number."""
    before = {decision.turn: decision for decision in recorded.turns}
    after = {decision.turn: decision for decision in replayed.turns}
    turns = [
        TurnDifference(
            turn=number,
            recorded=before.get(number),
            replayed=after.get(number),
            different=list(_different(before.get(number), after.get(number))),
        )
        for number in sorted({*before, *after})
    ]
    return PartDifference(
        session=session,
        turns=turns,
        dropped=(recorded.dropped, replayed.dropped),
        lost_rows=lost_rows,
        notes=notes,
    )


def _different(recorded: Decision | None, replayed: Decision | None) -> Iterator[str]:
    if recorded is None or replayed is None:
        yield "turn"
        return
    for field in Decision.__struct_fields__:
        if field not in LATENCIES and getattr(recorded, field) != getattr(replayed, field):
            yield field


def show(part: PartDifference, console: Console) -> None:
    """A table per turn, and what has to be known of it."""
    for turn in part.turns:
        console.print(_table(part.session, turn))
    if part.dropped[0] != part.dropped[1]:
        before, after = (", ".join(map(_seconds, side)) or "none" for side in part.dropped)
        console.print(f"speech that was no turn: recorded {before}; replayed {after}")
    if part.lost_rows:
        console.print(
            f"the bus lost {part.lost_rows} rows of the trace of {part.session}: "
            "replayed up to the first of them"
        )
    for note in part.notes:
        console.print(f"note: {note}")


def _table(session: str, turn: TurnDifference) -> Table:
    mark = "differs" if turn.different else "same"
    title = f"{session}, turn {turn.turn}: {mark}"
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for column in ("", "recorded", "replayed", ""):
        table.add_column(column, overflow="fold")
    for field in Decision.__struct_fields__[1:]:
        if field not in LATENCIES:
            sides = [_shown(field, side) for side in (turn.recorded, turn.replayed)]
            table.add_row(field, *sides, "≠" if sides[0] != sides[1] else "")
    for name in (*_ORDER, "voice_to_voice"):
        before, after = (_latency_ms(name, side) for side in (turn.recorded, turn.replayed))
        if before is not None or after is not None:
            table.add_row(f"{name}_ms", _number(before), _number(after), _change(before, after))
    return table


def _shown(field: str, decision: Decision | None) -> str:
    value: Any = getattr(decision, field) if decision else None
    if value is None:
        return "-"
    if field in _POSITIONS:
        return _seconds(value)
    text = " | ".join(value) if isinstance(value, list) else str(value)
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _seconds(sample: int) -> str:
    return f"{sample / MIC_RATE_HZ:.3f} s"


def _latency_ms(name: str, decision: Decision | None) -> float | None:
    if decision is None:
        return None
    if name == "voice_to_voice":
        return decision.voice_to_voice_ms
    return decision.stages_ms.get(name)


def _number(value_ms: float | None) -> str:
    return "-" if value_ms is None else f"{value_ms:.1f}"


def _change(before_ms: float | None, after_ms: float | None) -> str:
    if before_ms is None or after_ms is None or before_ms == after_ms:
        return ""
    return f"{after_ms - before_ms:+.1f}"
