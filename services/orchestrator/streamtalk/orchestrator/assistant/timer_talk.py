"""Timers in English sentences: set, cancelled, listed, due."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Final, cast

from streamtalk.orchestrator.assistant.answer import Answer, CancelTimer, Context, SetTimer
from streamtalk.orchestrator.assistant.durations import name_duration, say_duration
from streamtalk.orchestrator.assistant.pattern import Slots
from streamtalk.orchestrator.assistant.timers import Pending, Timer

MAX_TIMERS: Final = 20
"""Running timers of one session."""

MAX_TIMER_S: Final = 7 * 86_400
"""The longest timer."""

_REMINDER: Final = "to "


def due_text(timer: Timer) -> str:
    """What is said when `timer` is due."""
    if timer.label.startswith(_REMINDER):
        return f"This is your reminder {timer.label}."
    if not timer.label.isascii():
        return f"你的{timer.label}定时器时间到了。"
    return f"Your {timer.label} timer is done."


def _name(timer: Timer) -> str:
    is_reminder = timer.label.startswith(_REMINDER)
    return f"reminder {timer.label}" if is_reminder else f"{timer.label} timer"


def _listing(timers: Sequence[Pending], now_ns: int) -> str:
    if len(timers) == 1:
        left = say_duration(timers[0].left_s(now_ns))
        return f"The {_name(timers[0].timer)} has {left} left."
    parts = [
        f"the {_name(item.timer)} with {say_duration(item.left_s(now_ns))} left" for item in timers
    ]
    return f"You have {len(parts)} timers: {'; '.join(parts[:-1])}; and {parts[-1]}."


def whole_seconds(duration: object) -> int:
    """A duration slot in whole seconds; less than one second becomes one."""
    seconds = cast("Fraction", duration)
    return max(1, round(seconds)) if seconds > 0 else 0


def _span(slots: Slots) -> object:
    return slots.get("duration", slots.get("length"))


def _set(slots: Slots, context: Context) -> Answer:
    seconds = whole_seconds(_span(slots))
    if len(context.timers) >= MAX_TIMERS:
        return Answer(f"You already have {MAX_TIMERS} timers. Cancel one of them first.")
    if seconds == 0:
        return Answer("That is no time at all. Try, set a timer for five minutes.")
    if seconds > MAX_TIMER_S:
        return Answer("I can only set timers of up to seven days.")
    errand = cast("str", slots.get("errand") or slots.get("errand_in") or "")
    label = errand or cast("str", slots.get("label") or name_duration(seconds))
    effect = SetTimer(seconds, label)
    length = say_duration(seconds)
    if errand:
        return Answer(f"Okay, I'll remind you {errand}, in {length}.", (effect,))
    if "label" in slots:
        return Answer(f"Okay, {label} timer, {length}, starting now.", (effect,))
    return Answer(f"Okay, {length}, starting now.", (effect,))


def _ask(_slots: Slots, _context: Context) -> Answer:
    return Answer("For how long? Say, for example, five minutes.")


def _chosen(slots: Slots, context: Context) -> list[Pending]:
    """The timers that the person means: by name, by length, or all."""
    span = _span(slots)
    if span is not None:
        label = name_duration(whole_seconds(span))
    else:
        label = cast("str", slots.get("label", ""))
    return [item for item in context.timers if not label or item.timer.label == label]


def _cancel(slots: Slots, context: Context) -> Answer:
    if not context.timers:
        return Answer("There is no timer running.")
    chosen = _chosen(slots, context)
    listing = _listing(context.timers, context.now_ns)
    if not chosen:
        return Answer(f"I have no timer like that. {listing}")
    if len(chosen) > 1:
        return Answer(f"Which one? {listing} You can also say, cancel all timers.")
    timer = chosen[0].timer
    return Answer(f"Okay, I cancelled the {_name(timer)}.", (CancelTimer((timer.timer_id,)),))


def _cancel_all(_slots: Slots, context: Context) -> Answer:
    ids = tuple(item.timer.timer_id for item in context.timers)
    if not ids:
        return Answer("There is no timer running.")
    if len(ids) == 1:
        return _cancel({}, context)
    return Answer(f"Okay, I cancelled all {len(ids)} timers.", (CancelTimer(ids),))


def _list(slots: Slots, context: Context) -> Answer:
    if not context.timers:
        return Answer("No timers are running.")
    return Answer(_listing(_chosen(slots, context) or context.timers, context.now_ns))


TIMER_TALK: Final[Mapping[str, Callable[[Slots, Context], Answer]]] = {
    "timer_set": _set,
    "timer_length": _set,
    "reminder_set": _set,
    "timer_ask": _ask,
    "timer_cancel": _cancel,
    "timer_cancel_all": _cancel_all,
    "timer_list": _list,
}
"""Answers by intent."""
