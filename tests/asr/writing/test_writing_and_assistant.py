"""What the offline assistant understands spoken, it understands written."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamtalk.asr.engine import Heard
from streamtalk.asr.writing.writer import Writer, WritingConfig
from streamtalk.orchestrator.assistant.answer import Context
from streamtalk.orchestrator.assistant.plan import plan
from tests.orchestrator.test_assistant_grammar import RULES, words

pytestmark = pytest.mark.unit

CONTEXT = Context(now=datetime(2025, 11, 23, 15, 5, tzinfo=UTC), now_ns=0)
SPOKEN_ZH = (
    "现在几点",
    "今天几号",
    "明天星期几",
    "七乘以八等于多少",
    "十五加二十三等于多少",
    "一百除以四",
    "二十的百分之五",
    "一千二百的百分之十五是多少",
    "三点五加一点五",
    "负五加三",
    "九的平方根",
    "定时五分钟",
    "定时十分钟",
    "定时一个半小时",
    "三十秒后叫我",
    "取消定时",
    "大声一点",
    "说慢一点",
    "再说一遍",
    "停",
)


def written(text: str, language: str) -> str:
    """As the service gives it to the conversation."""
    return Writer(WritingConfig()).write(Heard(text, language, 1.0)).text


@pytest.mark.parametrize("text", SPOKEN_ZH)
def test_assistant_does_the_same_in_chinese(text: str) -> None:
    """The same intent, the same effects."""
    said, read = plan(text, CONTEXT), plan(written(text, "zh"), CONTEXT)
    assert (read.intent, read.effects) == (said.intent, said.effects)
    assert read.reply_text.split("等于")[-1] == said.reply_text.split("等于")[-1]


@settings(max_examples=300)
@given(data=st.data())
def test_assistant_does_the_same_with_every_sentence_of_its_grammar(data: st.DataObject) -> None:
    """The same intent, the same effects, the same reply."""
    sentence = " ".join(words(RULES["command"], data))
    after = Context(now=CONTEXT.now, now_ns=0, last_intent="timer_ask")
    assert plan(written(sentence, "en"), after) == plan(sentence, after)
