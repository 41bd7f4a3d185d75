"""What the built-in assistant understands, says, and plans to do."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.assistant.answer import (
    CancelTimer,
    Context,
    Effect,
    SetRate,
    SetTimer,
    SetVolume,
    StopSpeaking,
)
from streamtalk.orchestrator.assistant.plan import FALLBACK, plan
from streamtalk.orchestrator.assistant.timers import Pending, Timer

pytestmark = pytest.mark.unit

MINUTE_NS = 60_000_000_000
TIMERS = (
    Pending(Timer("a", "s", 0, "5 minute"), 4 * MINUTE_NS),
    Pending(Timer("b", "s", 0, "pasta"), 14 * MINUTE_NS),
)


def context(
    timers: tuple[Pending, ...] = (), *, last_intent: str = "", rejected: bool = False
) -> Context:
    """Five past three on a Sunday afternoon."""
    return Context(
        now=datetime(2025, 11, 23, 15, 5, tzinfo=UTC),
        now_ns=0,
        timers=timers,
        last_reply="It's 3 PM.",
        last_user_text="What time is it?",
        last_intent=last_intent,
        rejected=rejected,
    )


@pytest.mark.parametrize(
    "text, reply",
    [
        ("What time is it?", "It's 3:05 PM."),
        ("Hey, could you tell me what time it is, please?", "It's 3:05 PM."),
        ("what's the date today", "Today is Sunday, November 23rd, 2025."),
        ("what day is tomorrow", "Tomorrow is Monday, November 24th."),
        ("what time will it be in two and a half hours", "It will be 5:35 PM."),
        ("what is seven times eight", "7 times 8 is 56."),
        ("What's 12.5% of 80?", "12.5 percent of 80 is 10."),
        ("twelve point five percent of eighty", "12.5 percent of 80 is 10."),
        ("(2 + 3) * 4 =", "(2 plus 3) times 4 is 20."),
        ("two plus three times four", "2 plus 3 times 4 is 14."),
        ("ten divided by three", "10 divided by 3 is about 3.3333."),
        ("what is 2 - -3", "2 minus minus 3 is 5."),
        ("What did I say?", "You said: What time is it."),
        ("Say that again.", "It's 3 PM."),
        ("hello", "Good afternoon! What can I do for you?"),
        ("七乘以八等于多少？", "七乘以八等于56。"),
        ("80的百分之12.5", "80的百分之12.5等于10。"),
        ("现在几点了", "现在是15点5分。"),
        ("明天星期几", "明天是11月24日，星期一。"),
    ],
)
def test_assistant_answers(text: str, reply: str) -> None:
    """Questions get exactly these sentences, in the language they were put in."""
    assert reply == plan(text, context()).reply_text


@pytest.mark.parametrize(
    "text", ["what is ten divided by zero", "7/0", "5 plus 3 over 0", "十除以零"]
)
def test_assistant_says_that_zero_divides_nothing(text: str) -> None:
    """A division by zero is answered, not an error."""
    planned = plan(text, context())
    assert planned.intent == "arithmetic"
    assert "zero" in planned.reply_text or "零" in planned.reply_text


@pytest.mark.parametrize("text", ["9^9^9", "2 to the power of 100000", "9" * 300 + " times 2"])
def test_assistant_refuses_to_compute_without_end(text: str) -> None:
    """Numbers that would take memory or time without end are refused at once."""
    assert len(plan(text, context()).reply_text) < 400


@pytest.mark.parametrize(
    "text, effect",
    [
        ("set a timer for five minutes", SetTimer(300, "5 minute")),
        ("Set a 10-minute pizza timer.", SetTimer(600, "pizza")),
        ("set a timer for one and a half hours", SetTimer(5_400, "1 hour 30 minute")),
        ("start another apple pie timer for half an hour", SetTimer(1_800, "apple pie")),
        ("remind me to call my mom in an hour", SetTimer(3_600, "to call your mom")),
        ("remind me in 90 seconds to breathe", SetTimer(90, "to breathe")),
        ("slower", SetRate(0.8)),
        ("Louder!", SetVolume(1.25)),
        ("stop", StopSpeaking()),
        ("设一个五分钟的定时器", SetTimer(300, "5分钟")),
        ("一个半小时后提醒我", SetTimer(5_400, "1小时30分钟")),
        ("两分半钟的倒计时", SetTimer(150, "2分钟30秒")),
        ("说慢一点", SetRate(0.8)),
        ("停", StopSpeaking()),
    ],
)
def test_assistant_plans_effects(text: str, effect: Effect) -> None:
    """What is to happen stands in the plan; the reply alone changes nothing."""
    assert (effect,) == plan(text, context()).effects


@pytest.mark.parametrize(
    "text, gone",
    [
        ("cancel the pasta timer", ("b",)),
        ("cancel my five minute timer", ("a",)),
        ("cancel all timers", ("a", "b")),
        ("取消所有定时器", ("a", "b")),
    ],
)
def test_assistant_cancels_the_timers_that_are_meant(text: str, gone: tuple[str, ...]) -> None:
    """Timers are found by name and by length."""
    assert (CancelTimer(gone),) == plan(text, context(TIMERS)).effects


@pytest.mark.parametrize("text", ["cancel the timer", "cancel the tea timer", "取消定时器"])
def test_assistant_asks_rather_than_cancel_the_wrong_timer(text: str) -> None:
    """Where it is not clear which timer is meant, all are named and none is cancelled."""
    planned = plan(text, context(TIMERS))
    assert planned.effects == ()
    assert "pasta" in planned.reply_text


def test_assistant_tells_the_time_that_is_left() -> None:
    """Each running timer is named with what is left of it."""
    one = plan("how much time is left on the pasta timer", context(TIMERS)).reply_text
    assert one == "The pasta timer has 14 minutes left."
    both = plan("how much time is left", context(TIMERS)).reply_text
    assert "5 minute timer with 4 minutes left" in both
    assert plan("list my timers", context()).reply_text == "No timers are running."


def test_assistant_asks_for_the_length_of_a_timer_and_takes_it() -> None:
    """A bare span of time is an answer to that question, and to nothing else."""
    asked = plan("set a timer", context())
    assert asked.effects == ()
    answer = plan("ten minutes", context(last_intent=asked.intent))
    assert answer.effects == (SetTimer(600, "10 minute"),)
    assert plan("ten minutes", context()).intent == FALLBACK


@pytest.mark.parametrize("text", ["set a timer for zero minutes", "set a timer for 900 days"])
def test_assistant_refuses_timers_that_cannot_be(text: str) -> None:
    """No time and more than a week are refused with a reason."""
    planned = plan(text, context())
    assert planned.intent == "timer_set"
    assert planned.effects == ()


def test_assistant_has_a_fastest_speed() -> None:
    """Asking for faster speech again and again ends at a limit that is said."""
    rate, replies = 1.0, []
    for _ in range(8):
        planned = plan("faster", Context(now=context().now, now_ns=0, rate=rate))
        replies.append(planned.reply_text)
        rate = next((e.rate for e in planned.effects if isinstance(e, SetRate)), rate)
    assert rate == 2.0
    assert replies[0] != replies[-1]


@pytest.mark.parametrize("text", ["Who wrote Hamlet?", "给我讲个故事", "quelle heure est-il"])
def test_assistant_is_honest_about_what_it_cannot_do(text: str) -> None:
    """What it does not understand it says so, with what to start instead."""
    planned = plan(text, context())
    assert planned.intent == FALLBACK
    assert "LM Studio" in planned.reply_text
    assert "Ollama" in planned.reply_text


def test_assistant_shortens_its_second_fallback() -> None:
    """Nobody has to hear the long advice twice in a row."""
    first = plan("blah", context()).reply_text
    second = plan("blah", context(last_intent=FALLBACK)).reply_text
    assert len(second) < len(first) / 2


@pytest.mark.parametrize("text", ["stop", "set a timer for five minutes", "取消所有定时器"])
def test_assistant_quotes_and_does_not_obey_what_was_rejected(text: str) -> None:
    """Words that the recogniser does not stand by have no effect, and are told."""
    planned = plan(text, context(TIMERS, rejected=True))
    assert planned.effects == ()
    assert planned.intent == FALLBACK
    assert text in planned.reply_text


def test_assistant_admits_that_no_words_came_out() -> None:
    """Speech without any words is answered as such."""
    assert "could not make out" in plan("", context(rejected=True)).reply_text


@given(
    text=st.text(max_size=300)
    | st.text(alphabet="0123456789+-*/()^.% x十百万点加半小时", max_size=60)
)
def test_assistant_answers_anything(text: str) -> None:
    """Whatever is typed gets a reply, the same each time."""
    planned = plan(text, context())
    assert planned.reply_text
    assert planned == plan(text, context())
