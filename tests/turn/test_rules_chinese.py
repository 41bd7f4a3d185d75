"""What the Chinese rules make of the end of a turn."""

import pytest

from streamtalk.turn.chinese import judge

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "text",
    [
        "今天天气怎么样",
        "现在几点了",
        "给我讲个笑话",
        "帮我定一个五分钟的闹钟",
        "暂停音乐",
        "等一下几点开会",
        "对",
        "不是",
        "谢谢你",
        "我们走吧",
    ],
)
def test_whole_turn_is_finished(text: str) -> None:
    """Questions, commands and short answers are likely over."""
    verdict = judge(text)
    assert verdict.label == "finished"
    assert verdict.finished >= 0.7


@pytest.mark.parametrize(
    "text",
    [
        "我想",
        "因为我",
        "然后",
        "我昨天去了北京然后",
        "那个",
        "我觉得很",
        "请问贵公司的国际业务",
        "买一个",
    ],
)
def test_open_end_is_unfinished(text: str) -> None:
    """A trailing connector, filler, adverb, subject or measure word wants a continuation."""
    verdict = judge(text)
    assert verdict.label == "unfinished"
    assert verdict.finished <= 0.35


@pytest.mark.parametrize("text", ["嗯", "嗯嗯", "哦", "嗯。"])
def test_sign_of_listening_is_backchannel(text: str) -> None:
    """A sound that only says `go on` is not taken for a turn."""
    assert judge(text).label == "backchannel"


@pytest.mark.parametrize("text", ["等一下", "先别说话", "我想一下", "请安静", "你能等一下吗"])
def test_request_for_time_is_wait(text: str) -> None:
    """A request for silence or time is labelled as such."""
    assert judge(text).label == "wait"


@pytest.mark.parametrize("text", ["一会儿提醒我开会", "停止播放音乐"])
def test_command_about_time_is_not_wait(text: str) -> None:
    """Reminders and media commands contain the words of waiting and mean something else."""
    assert judge(text).label != "wait"
