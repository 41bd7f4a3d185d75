"""Reasoning never reaches speech."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.orchestrator.llm.thinking import ThinkFilter, may_begin_inside

pytestmark = pytest.mark.unit

WORDS = st.text("abc <>/\n", max_size=30)


def spoken(*tokens: str, begins_inside: bool = False, complete: bool = True) -> str:
    """What of these tokens is spoken."""
    think = ThinkFilter(begins_inside=begins_inside)
    return "".join(map(think.feed, tokens)) + think.flush(complete=complete)


@given(WORDS, WORDS, WORDS, st.data())
def test_filter_removes_reasoning_at_any_cut(
    before: str, thought: str, after: str, data: st.DataObject
) -> None:
    """However tags are cut into tokens, exactly what is between them is left out."""
    whole = f"{before}<think>{thought}</think>{after}"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=10)))
    tokens = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert spoken(*tokens) == (before + after).lstrip()


def test_filter_lets_a_comparison_pass_at_once() -> None:
    """A `<` that cannot become a tag is not held back."""
    think = ThinkFilter()
    assert think.feed("3 < 4, <b") == "3 < 4, <b"


def test_filter_speaks_nothing_of_reasoning_that_never_ends() -> None:
    """A model that was cut off while it thought has said nothing."""
    assert spoken("<think>", "I wonder", complete=False) == ""


def test_filter_holds_text_until_a_stray_close() -> None:
    """Where the template opened the tag, everything before `</think>` is reasoning."""
    assert spoken("Hm, ", "so </th", "ink>\n\nYes.", begins_inside=True) == "Yes."


def test_filter_releases_text_that_was_held_in_vain() -> None:
    """A whole answer without any tag was an answer, unless it was cut off."""
    assert spoken("Yes ", "indeed.", begins_inside=True) == "Yes indeed."
    assert spoken("Hm, so", begins_inside=True, complete=False) == ""


def test_filter_speaks_at_once_when_reasoning_comes_apart() -> None:
    """A server that sends `reasoning_content` puts none of it into the text."""
    think = ThinkFilter(begins_inside=True)
    think.decide_outside()
    assert think.feed("Yes.") == "Yes."


def test_filter_notices_a_stray_close() -> None:
    """It is the sign that the next answer begins inside."""
    think = ThinkFilter()
    think.feed("Hm.</think>Yes.")
    assert think.saw_stray_close


@pytest.mark.parametrize(
    "model, expected",
    [("deepseek-r1-distill-qwen-7b", True), ("qwen3-4b-thinking-2507", True), ("llama-3.2", False)],
)
def test_model_names_tell_who_thinks_first(model: str, expected: bool) -> None:
    """Only models known for it have their first words held back."""
    assert may_begin_inside(model) is expected
