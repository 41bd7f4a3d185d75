"""What the English rules make of the end of a turn."""

import pytest

from streamtalk.turn.english import judge

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    [
        "what time is it",
        "Tell me a joke.",
        "turn the light on",
        "who are you talking to",
        "what is twelve times five",
        "set a timer for five minutes",
        "tell me who she is",
        "remind me in a minute",
        "how long do i have to wait",
        "that's all i wanted to say",
        "wait what time is it",
        "yes",
        "no thanks",
        "goodbye",
    ],
)
def test_whole_turn_is_finished(text: str) -> None:
    """Questions, commands and answers to which nothing is missing are likely over."""
    verdict = judge(text)
    assert verdict.label == "finished"
    assert verdict.finished >= 0.7


@pytest.mark.parametrize(
    "text",
    [
        "i went to the",
        "because",
        "i would like to know if",
        "tell me about",
        "set a timer for",
        "set a timer for five",
        "what is twelve times",
        "what time is it in",
        "how do you",
        "do you know what",
        "it was nice but um",
        "my number is five five five",
        "the rate is fine though",
        "so the deal with the trailer is, um, like...",
    ],
)
def test_open_end_is_unfinished(text: str) -> None:
    """A trailing conjunction, article, preposition, filler or digit wants a continuation."""
    verdict = judge(text)
    assert verdict.label == "unfinished"
    assert verdict.finished <= 0.35


@pytest.mark.parametrize("text", ["uh-huh", "uh huh", "mhm", "Hmm.", "mm hmm"])
def test_sign_of_listening_is_backchannel(text: str) -> None:
    """A sound that only says `go on` is not taken for a turn."""
    assert judge(text).label == "backchannel"


@pytest.mark.parametrize(
    "text",
    ["hold on", "wait", "just a moment please", "okay wait a second", "stop talking", "not now"],
)
def test_request_for_time_is_wait(text: str) -> None:
    """A request for silence or time is labelled as such."""
    assert judge(text).label == "wait"


def test_unknown_single_word_is_undecided() -> None:
    """One word that the rules do not know tells nothing."""
    assert judge("amsterdam").finished == 0.5
