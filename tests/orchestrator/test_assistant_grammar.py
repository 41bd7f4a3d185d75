"""The grammar that the recogniser listens with is understood, sentence by sentence."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtalk.orchestrator.assistant.answer import Context
from streamtalk.orchestrator.assistant.grammar import grammar
from streamtalk.orchestrator.assistant.pattern import Choice, Node, Row, Rule, Word, parse
from streamtalk.orchestrator.assistant.plan import FALLBACK, plan
from streamtalk.proto.limits import MAX_GRAMMAR_CHARS

pytestmark = pytest.mark.contract

CONTEXT = Context(now=datetime(2025, 11, 23, 15, 5, tzinfo=UTC), now_ns=0)
RULES = {name: parse(body) for name, body in re.findall(r"<(\w+)> = (.*);", grammar("timer_ask"))}


def words(node: Node, data: st.DataObject) -> Iterator[str]:
    """One random instance of a rule of the emitted grammar."""
    match node:
        case Word(text):
            yield text
        case Rule(name):
            yield from words(RULES[name], data)
        case Row(parts):
            for part in parts:
                yield from words(part, data)
        case Choice(options):
            yield from words(data.draw(st.sampled_from(options)), data)


@settings(max_examples=400)
@given(data=st.data())
def test_grammar_generates_only_what_is_understood(data: st.DataObject) -> None:
    """No sentence that the recogniser may return meets the fallback."""
    sentence = " ".join(words(RULES["command"], data))
    after = Context(now=CONTEXT.now, now_ns=0, last_intent="timer_ask")
    assert plan(sentence, after).intent != FALLBACK, sentence


@pytest.mark.parametrize("name", sorted(set(RULES) & {"time", "timer_set", "stop", "arithmetic"}))
@given(data=st.data())
def test_grammar_rule_is_understood_as_its_intent(name: str, data: st.DataObject) -> None:
    """A sentence of a rule is planned as that rule's intent."""
    assert name == plan(" ".join(words(RULES[name], data)), CONTEXT).intent


def test_grammar_holds_the_length_of_a_timer_only_after_the_question() -> None:
    """A bare span of time is listened for when it was asked for."""
    assert "<timer_length>" in grammar("timer_ask")
    assert "<timer_length>" not in grammar()


def test_grammar_fits_the_wire_in_plain_ascii() -> None:
    """The text is ASCII and far below the limit of the wire."""
    text = grammar("timer_ask")
    assert text.isascii()
    assert len(text) < MAX_GRAMMAR_CHARS


def test_grammar_words_are_in_the_packaged_dictionary() -> None:
    """PocketSphinx knows how every word sounds."""
    spec = find_spec("pocketsphinx")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "model" / "en-us" / "cmudict-en-us.dict"
    known = {line.split(maxsplit=1)[0] for line in path.read_text().splitlines()}
    used = {word for body in RULES.values() for word in _vocabulary(body)}
    assert len(used) > 100
    assert used <= known


def test_grammar_is_taken_by_pocketsphinx() -> None:
    """The recogniser compiles the text without complaint."""
    pocketsphinx = pytest.importorskip("pocketsphinx")
    decoder = pocketsphinx.Decoder(lm=None, loglevel="FATAL")
    decoder.add_jsgf_string("assistant", grammar("timer_ask"))
    decoder.activate_search("assistant")
    assert decoder.current_search() == "assistant"


def _vocabulary(node: Node) -> set[str]:
    match node:
        case Word(text):
            return {text}
        case Row(nodes) | Choice(nodes):
            return {word for each in nodes for word in _vocabulary(each)}
        case _:
            return set()
