"""Grammars from a request are made fit for the decoder."""

import pytest

from streamtalk.asr.grammar import fit, name_of, words_of

pytestmark = pytest.mark.unit

GRAMMAR = """#JSGF V1.0 UTF-8 en;
grammar Test;
// A comment with words.
public <Command> = /2.0/ Tell me <what> {tag} | ["stop" it] /* and more */;
<what> = the time | (what's | what is) up+ | jokes*;
"""


def test_fit_keeps_the_header_and_lowers_the_rest() -> None:
    """The dictionary is in lower case, the header must stay as it is."""
    fitted = fit(GRAMMAR)
    assert fitted.startswith("#JSGF V1.0 UTF-8 en;\n")
    assert "tell me" in fitted
    assert "comment" not in fitted


def test_fit_adds_a_missing_header() -> None:
    """Rules alone are enough."""
    assert fit("public <a> = Yes;").startswith("#JSGF V1.0;\n")


def test_words_of_finds_every_word_and_nothing_else() -> None:
    """Rule names, weights, tags and operators are no words."""
    expected = {"tell", "me", "stop", "it", "the", "time", "what's", "what", "is", "up", "jokes"}
    assert words_of(fit(GRAMMAR)) == expected


def test_name_of_tells_grammars_apart() -> None:
    """Equal texts share a compiled search, others never do."""
    assert name_of(GRAMMAR) == name_of(str(GRAMMAR))
    assert name_of(GRAMMAR) != name_of(GRAMMAR + " ")
