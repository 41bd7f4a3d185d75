"""Numbers, spans of time, patterns and timers under the built-in assistant."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.assistant.durations import read_duration, say_duration
from streamtalk.orchestrator.assistant.hanzi import find_duration, read_hanzi, say_seconds
from streamtalk.orchestrator.assistant.numerals import read_number, say_number
from streamtalk.orchestrator.assistant.pattern import parse
from streamtalk.orchestrator.assistant.timer_talk import due_text
from streamtalk.orchestrator.assistant.timers import Timer, TimerList
from streamtalk.orchestrator.assistant.words import words_of

pytestmark = pytest.mark.unit

ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SECOND_NS = 1_000_000_000


def spoken(number: int) -> str:
    """`number` below a million in English words."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, unit = divmod(number, 10)
        return TENS[tens - 2] + (f"-{ONES[unit]}" if unit else "")
    size, name = (100, "hundred") if number < 1_000 else (1_000, "thousand")
    head, rest = divmod(number, size)
    join = " and " if rest and rest < 100 else " "
    return f"{spoken(head)} {name}" + (f"{join}{spoken(rest)}" if rest else "")


@given(number=st.integers(0, 999_999))
def test_numbers_are_read_as_they_are_spoken(number: int) -> None:
    """Every number below a million is read whole, whether in words or in digits."""
    for text in (spoken(number), str(number), f"{number:,}"):
        words = words_of(text)
        assert (Fraction(number), len(words)) == read_number(words, 0)


@pytest.mark.parametrize(
    "text, value",
    [
        ("twelve point five", Fraction(25, 2)),
        ("minus a hundred", Fraction(-100)),
        ("3 million", Fraction(3_000_000)),
        ("two million three hundred thousand and five", Fraction(2_300_005)),
        ("zero point oh five", Fraction(1, 20)),
        (".5", Fraction(1, 2)),
        ("twelve hundred", Fraction(1_200)),
    ],
)
def test_numbers_of_many_forms_are_read(text: str, value: Fraction) -> None:
    """Decimals, signs, scales and digits with words between."""
    words = words_of(text)
    assert (value, len(words)) == read_number(words, 0)


@given(value=st.fractions(-(10**14), 10**14, max_denominator=10**6))
def test_numbers_are_said_exactly_or_as_about(value: Fraction) -> None:
    """What is said as exact is the value itself; the rest is close to it."""
    text, exact = say_number(value)
    plain = Fraction(text.replace(",", "").replace("minus ", "-"))
    assert plain == value if exact else abs(plain - value) < abs(value) / 1_000


def test_numbers_too_long_to_say_become_powers_of_ten() -> None:
    """A voice does not read out twenty digits."""
    assert say_number(Fraction(-15 * 10**20)) == (
        "minus 1.5 times 10 to the power of 21",
        False,
    )


@given(seconds=st.integers(1, 7 * 86_400))
def test_durations_are_read_as_they_are_said(seconds: int) -> None:
    """Saying a span of time and reading it again gives the same seconds."""
    words = words_of(say_duration(seconds))
    assert (Fraction(seconds), len(words)) == read_duration(words, 0)
    assert seconds == find_duration(say_seconds(seconds))


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("one and a half hours", 5_400),
        ("an hour and a half", 5_400),
        ("half an hour", 1_800),
        ("an hour and ten minutes", 4_200),
        ("three quarters of an hour", 2_700),
        ("two minutes thirty", None),
        ("5min", 300),
        ("a couple of minutes", 120),
        ("1.5 hours", 5_400),
    ],
)
def test_durations_have_names(text: str, seconds: int | None) -> None:
    """Halves, quarters, articles and short forms; a number without unit is not swallowed."""
    words = words_of(text)
    found = read_duration(words, 0)
    complete = int(found[0]) if found and found[1] == len(words) else None
    assert seconds == complete


@pytest.mark.parametrize(
    "text, value",
    [
        ("一百零五", Fraction(105)),
        ("十二", Fraction(12)),
        ("两千零二十五", Fraction(2_025)),
        ("一万二千三百四十五", Fraction(12_345)),
        ("三点一四", Fraction(157, 50)),
        ("二零二五", Fraction(2_025)),
        ("3万", Fraction(30_000)),
        ("定时", None),
    ],
)
def test_chinese_numbers_are_read(text: str, value: Fraction | None) -> None:
    """Places, myriads, decimals, and digits side by side."""
    assert value == read_hanzi(text)


@pytest.mark.parametrize("body", ["(a | b", "a ]", "[a)", "a | (b [c)"])
def test_pattern_refuses_brackets_that_do_not_match(body: str) -> None:
    """A slip in the table is found when it is read, with the phrase named."""
    with pytest.raises(ValueError, match="phrase"):
        parse(body)


def test_timers_become_due_in_order_and_once() -> None:
    """The earliest comes first, and none comes twice."""
    timers = TimerList()
    for name, due_s in (("late", 30), ("early", 10)):
        timers.add(Timer(name, "s", (1_000 + due_s) * SECOND_NS, name), 1_000 * SECOND_NS, 0)
    assert timers.next_ns() == 10 * SECOND_NS
    assert timers.due(9 * SECOND_NS) == []
    assert [timer.timer_id for timer in timers.due(31 * SECOND_NS)] == ["early", "late"]
    assert timers.due(99 * SECOND_NS) == []
    assert timers.next_ns() is None


def test_timers_that_passed_while_nobody_looked_are_due_at_once() -> None:
    """After a restart a missed timer is told, not lost."""
    timers = TimerList()
    timers.add(Timer("a", "s", 5, "tea"), 1_000, 77)
    assert [timer.timer_id for timer in timers.due(77)] == ["a"]


def test_timers_are_cancelled_and_listed_by_session() -> None:
    """A session sees its own timers only; adding one again does not double it."""
    timers = TimerList()
    for session in ("s1", "s2", "s1"):
        timers.add(Timer(f"t-{session}", session, 90 * SECOND_NS, "tea"), 0, 0)
    assert [pending.left_s(0) for pending in timers.of("s1")] == [90]
    assert [timer.timer_id for timer in timers.cancel({"t-s1", "unknown"})] == ["t-s1"]
    assert timers.of("s1") == ()
    assert len(timers.of("s2")) == 1


@pytest.mark.parametrize(
    "label, expected",
    [
        ("5 minute", "Your 5 minute timer is done."),
        ("to call your mom", "This is your reminder to call your mom."),
        ("5分钟", "你的5分钟定时器时间到了。"),
    ],
)
def test_due_timers_speak_up_by_name(label: str, expected: str) -> None:
    """What is said when the time has come."""
    assert expected == due_text(Timer("a", "s", 0, label))
