"""What the model is told of a conversation that does not fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.context import (
    BROKEN_OFF,
    INTERRUPTED,
    Context,
    PastTurn,
    Window,
    build_messages,
    estimate_messages,
    estimate_tokens,
)
from streamtalk.orchestrator.llm.engine import ChatMessage

pytestmark = pytest.mark.unit

TURNS = st.lists(
    st.builds(
        PastTurn,
        user_text=st.text(max_size=40),
        heard_text=st.text(max_size=40),
        interrupted=st.booleans(),
        tool_results=st.lists(st.sampled_from(["rain at noon", "timer set"]), max_size=1).map(
            tuple
        ),
    ),
    max_size=12,
)


def talk(count: int) -> tuple[PastTurn, ...]:
    """So many turns of the same length."""
    return tuple(
        PastTurn(user_text=f"Question {n:03}", heard_text=f"Answer {n:03}") for n in range(count)
    )


@given(TURNS, st.integers(0, 500))
def test_messages_are_what_every_template_takes(turns: list[PastTurn], budget: int) -> None:
    """System first, then user and assistant strictly in turn, the person last."""
    messages = build_messages(Context(user_text="Now?", history=tuple(turns)), budget)
    roles = [m.role for m in messages]
    assert roles[0] == "system"
    assert roles[1::2] == ["user"] * len(roles[1::2])
    assert roles[2::2] == ["assistant"] * len(roles[2::2])
    assert messages[-1].content.endswith("Now?")


@given(TURNS, st.integers(0, 500))
def test_tool_results_are_never_trimmed(turns: list[PastTurn], budget: int) -> None:
    """What a tool found out stays known when its turn is forgotten."""
    system = build_messages(Context(user_text="Now?", history=tuple(turns)), budget)[0]
    for turn in turns:
        assert all(result in system.content for result in turn.tool_results)


def test_messages_hold_what_was_heard() -> None:
    """An answer that was cut off ends where the person stopped listening, and says so."""
    turn = PastTurn(user_text="Tell me", heard_text="Once upon a ", interrupted=True)
    messages = build_messages(Context(user_text="Stop", history=(turn,), persona="P"), 1_000)
    assert messages == [
        ChatMessage("system", "P"),
        ChatMessage("user", "Tell me"),
        ChatMessage("assistant", f"Once upon a {INTERRUPTED}"),
        ChatMessage("user", "Stop"),
    ]


def test_answer_of_which_nothing_was_heard_is_unsaid() -> None:
    """Two questions in a row become one message."""
    turn = PastTurn(user_text="One", interrupted=True)
    messages = build_messages(Context(user_text="Two", history=(turn,), persona="P"), 1_000)
    assert messages[1:] == [ChatMessage("user", "One\nTwo")]


def test_conversation_that_the_assistant_began_gets_a_silence() -> None:
    """A timer that spoke up first leaves a prompt that begins with the person."""
    messages = build_messages(
        Context(user_text="Thanks", history=(PastTurn(heard_text="Your timer is up."),)), 1_000
    )
    assert [m.role for m in messages] == ["system", "user", "assistant", "user"]


def test_oldest_turns_go_first() -> None:
    """What is kept is an unbroken end of the conversation, within the budget."""
    messages = build_messages(Context(user_text="Now?", history=talk(100), persona="P"), 300)
    assert estimate_messages(messages) <= 300
    assert messages[-2].content == "Answer 099"
    kept = [m.content for m in messages if m.role == "assistant"]
    assert 5 < len(kept) < 20
    assert kept == [f"Answer {n:03}" for n in range(100 - len(kept), 100)]


def test_present_words_stay_whatever_the_budget() -> None:
    """With no budget at all the question is still asked."""
    messages = build_messages(Context(user_text="Now?", history=talk(9), persona="P"), 0)
    assert messages == [ChatMessage("system", "P"), ChatMessage("user", "Now?")]


def test_answer_that_broke_off_is_gone_on_with() -> None:
    """Whatever else is left out, the model hears how far it was heard, and what is wanted of it."""
    broken = Context(user_text="Now?", said="It is ", history=talk(9), persona="P")
    messages = build_messages(broken, 0)
    assert [(m.role, m.content) for m in messages] == [
        ("system", "P"),
        ("user", "Now?"),
        ("assistant", "It is"),
        ("user", BROKEN_OFF),
    ]


@pytest.mark.parametrize(
    "text, low, high", [("", 0, 0), ("你好世界", 4, 8), ("the cat sat on the mat", 6, 9)]
)
def test_estimate_is_on_the_safe_side(text: str, low: int, high: int) -> None:
    """Chinese costs a token for each character, English one for three to four letters."""
    assert low <= estimate_tokens(text) <= high


def test_window_learns_from_an_overflow() -> None:
    """The next prompt is half of the refused one; with nothing left to trim it gives up."""
    window = Window(3_000)
    context = Context(user_text="Now?", history=talk(50), persona="P")
    refused = build_messages(context, window.tokens)
    assert window.shrink(refused)
    smaller = build_messages(context, window.tokens)
    assert estimate_messages(smaller) <= estimate_messages(refused) // 2
    assert not window.shrink(build_messages(Context(user_text="Now?"), 100))
