"""The assistant in Chinese: what it understands and what it says."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from streamtalk.orchestrator.assistant.answer import (
    Answer,
    CancelTimer,
    Context,
    SetTimer,
    StopSpeaking,
)
from streamtalk.orchestrator.assistant.arithmetic import Problem, Result, read_expression
from streamtalk.orchestrator.assistant.hanzi import NUMBER, find_duration, read_hanzi, say_seconds
from streamtalk.orchestrator.assistant.numerals import say_number
from streamtalk.orchestrator.assistant.timer_talk import MAX_TIMER_S, MAX_TIMERS
from streamtalk.orchestrator.assistant.voice import CHANGES, Change, change
from streamtalk.orchestrator.assistant.words import MAX_WORDS, words_of

_MAX_CHARS: Final = 60
_TIMER: Final = "定时|计时|闹钟|提醒|倒数"
_PATTERNS: Final = {
    "timer_cancel": rf"(?:取消|删除|关掉|停止|不要).*(?:{_TIMER})",
    "timer_list": (
        rf"(?:还有|还剩|剩下?).*(?:多久|多长时间|多少时间)|(?:哪些|什么|几个).*(?:{_TIMER})"
    ),
    "timer_set": rf"{_TIMER}|[钟时秒]后叫我",
    "repeat": "再说一[遍次]|重复|没听清|你(?:刚才|刚刚)?说(?:了)?什么",
    "what_i_said": "我(?:刚才|刚刚)?(?:都)?说了?(?:些)?什么",
    "slower": "慢一?点|慢些|太快",
    "faster": "快一?点|快些|太慢",
    "normal_speed": "正常(?:的)?(?:语速|速度)",
    "quieter": "小声|声音小|轻一?点|太大声|太吵",
    "louder": "大声|声音大|听不[见到清]",
    "normal_volume": "正常(?:的)?(?:音量|声音)",
    "stop": "^(?:停|停下|停下来|停止|停一下|别说了|不要说了|闭嘴|安静|够了|取消)[吧啊]?$",
    "can_you_hear": "听得?[见到](?:我|吗)|你在吗|在不在",
    "time": "几点|什么时间|什么时候了|(?:现在|当前)的?时间",
    "tomorrow": "明天.*(?:几号|星期几|礼拜几|周几|日期)",
    "yesterday": "昨天.*(?:几号|星期几|礼拜几|周几|日期)",
    "date": "几号|星期几|礼拜几|周几|日期|几月|哪一?天|哪一?年",
    "help": "帮助|帮帮我|你?[会能](?:做|干)?(?:些)?什么|怎么用",
    "who": "你是谁|你叫什么",
    "how_are_you": "你好吗|你怎么样",
    "thanks": "谢谢|多谢|感谢",
    "goodbye": "再见|拜拜|晚安|回头见",
    "agree": "^(?:好|好的|行|可以|算了|没事|没关系)[吧啊了]?$",
    "greeting": "^(?:你好|您好|嗨|哈喽|喂|早上好|早安|上午好|下午好|晚上好)",
}
_COMPILED: Final = {intent: re.compile(pattern) for intent, pattern in _PATTERNS.items()}
_WORDS: Final = (
    (re.compile(rf"({NUMBER})的百分之({NUMBER})"), r"\2%\1"),
    (re.compile(rf"({NUMBER})的({NUMBER})[%％]"), r"\2%\1"),
    (re.compile(rf"百分之({NUMBER})的?"), r"\1%"),
    (re.compile(r"%的?"), " percent of "),
    (re.compile(r"的平方根"), " squareroot "),
    (re.compile(r"的?平方"), " squared "),
    (re.compile(r"的?立方"), " cubed "),
    (re.compile(r"加上?"), " plus "),
    (re.compile(r"减去?"), " minus "),
    (re.compile(r"乘以?"), " times "),
    (re.compile(r"除以"), " divided by "),
    (re.compile(r"负|(?<!\d)-(?=\d)"), " minus "),
)
_NUMBER: Final = re.compile(NUMBER)
_ROOT: Final = re.compile(r"(\S+) squareroot")
_QUESTION: Final = re.compile(
    r"请问|请|帮我|算一下|算算|计算|一下|等于(?:多少|几)?|是(?:多少|几)|多少|[=？?。！!，,\s]"
)
_NOISE: Final = re.compile(r"[\s，。！？、,.!?~～…]")
_POWER: Final = re.compile(r" times 10 to the power of (\d+)")
_PROBLEMS: Final[dict[Problem, str]] = {
    "zero": "不能除以零。",
    "power": "我只会算整数次方。",
    "large": "这个数太大了，我算不了。",
    "root": "负数没有实数平方根。",
}
_VOICE: Final[dict[Change, tuple[str, str]]] = {
    "slower": ("好的，我说慢一点。", "我已经说得最慢了。"),
    "faster": ("好的，我说快一点。", "我已经说得最快了。"),
    "normal_speed": ("好的，恢复正常语速。", ""),
    "louder": ("好的，我大声一点。", "我的声音已经最大了。"),
    "quieter": ("好的，我小声一点。", "我的声音已经最小了。"),
    "normal_volume": ("好的，恢复正常音量。", ""),
}
_FIXED: Final = {
    "can_you_hear": "我听得见。",
    "help": (
        "我会报时间和日期，会算数，比如七乘以八，也会定时，比如定时五分钟。"
        "你还可以说慢一点、大声一点、再说一遍，或者停。"
    ),
    "who": "我是内置助手，不用联网，只会几件事。说“帮助”，听听我会什么。",
    "how_are_you": "我很好，谢谢。需要我做什么？",
    "thanks": "不客气。",
    "goodbye": "再见！",
    "agree": "好的。",
    "greeting": "你好！需要我做什么？",
}


def respond(text: str, context: Context) -> tuple[str, Answer]:
    """The intent of a Chinese sentence and the answer to it."""
    plain = _NOISE.sub("", text)
    if context.rejected or len(plain) > _MAX_CHARS:
        return "fallback", _fallback(text, context)
    if (result := _calculation(text)) is not None:
        return "arithmetic", Answer(_say_result(text, result))
    if context.last_intent == "timer_ask" and find_duration(plain) is not None:
        return "timer_length", _set_timer(plain, context)
    for intent, pattern in _COMPILED.items():
        if pattern.search(plain):
            return _timer_intent(intent, plain), _answer(intent, plain, context)
    return "fallback", _fallback(text, context)


def _timer_intent(intent: str, plain: str) -> str:
    return "timer_ask" if intent == "timer_set" and find_duration(plain) is None else intent


def _calculation(text: str) -> Result | None:
    """The calculation that is all of `text`, but for the words of a question."""
    plain = _QUESTION.sub("", text)
    for pattern, word in _WORDS:
        plain = pattern.sub(word, plain)
    plain = _NUMBER.sub(lambda found: f" {_decimal(found.group())} ", plain)
    plain = _ROOT.sub(r"square root of \1", " ".join(plain.split()))
    words = words_of(plain)
    found = read_expression(words, 0) if len(words) <= MAX_WORDS else None
    return found[0] if found and found[1] == len(words) else None


def _decimal(text: str) -> str:
    value = read_hanzi(text)
    return text if value is None else say_number(value)[0].replace(",", "")


def _say_result(text: str, result: Result) -> str:
    if result.problem:
        return _PROBLEMS[result.problem]
    number, complete = say_number(result.value)
    number = _POWER.sub(r"乘以10的\1次方", number).replace("minus ", "负")
    about = "等于" if result.exact and complete else "大约等于"
    return f"{_QUESTION.sub('', text)}{about}{number}。"


def _answer(intent: str, plain: str, context: Context) -> Answer:
    if intent in _FIXED:
        return Answer(_FIXED[intent])
    if intent in _CLOCK:
        return Answer(_CLOCK[intent](context.now))
    for asked in CHANGES:
        if intent == asked:
            effect = change(context, asked)
            return Answer(_VOICE[asked][0], (effect,)) if effect else Answer(_VOICE[asked][1])
    return _TALK[intent](plain, context)


def _date(moment: datetime) -> str:
    return f"{moment.month}月{moment.day}日，星期{'一二三四五六日'[moment.weekday()]}"


def _time(moment: datetime) -> str:
    return f"现在是{moment.hour}点{f'{moment.minute}分' if moment.minute else '整'}。"


_CLOCK: Final[Mapping[str, Callable[[datetime], str]]] = {
    "time": _time,
    "date": lambda now: f"今天是{now.year}年{_date(now)}。",
    "tomorrow": lambda now: f"明天是{_date(now + timedelta(days=1))}。",
    "yesterday": lambda now: f"昨天是{_date(now - timedelta(days=1))}。",
}


def _set_timer(plain: str, context: Context) -> Answer:
    seconds = find_duration(plain)
    if seconds is None:
        return Answer("要多久？比如说，五分钟。")
    if len(context.timers) >= MAX_TIMERS:
        return Answer(f"已经有{MAX_TIMERS}个定时器了，请先取消一个。")
    if not 0 < seconds <= MAX_TIMER_S:
        return Answer("定时器最短一秒，最长七天。")
    length = say_seconds(seconds)
    return Answer(f"好的，{length}，现在开始。", (SetTimer(seconds, length),))


def _cancel_timer(plain: str, context: Context) -> Answer:
    if not context.timers:
        return Answer("现在没有定时器。")
    seconds = find_duration(plain)
    length = "" if seconds is None else say_seconds(seconds)
    chosen = [item.timer for item in context.timers if not length or item.timer.label == length]
    if not chosen:
        return Answer(f"没有这样的定时器。{_listing(context)}")
    if len(chosen) > 1 and not re.search("所有|全部|都", plain):
        return Answer(f"取消哪一个？{_listing(context)}也可以说，取消所有定时器。")
    effect = CancelTimer(tuple(timer.timer_id for timer in chosen))
    return Answer("好的，已经取消。", (effect,))


def _listing(context: Context) -> str:
    if not context.timers:
        return "现在没有定时器。"
    parts = [
        f"{item.timer.label}的定时器还剩{say_seconds(item.left_s(context.now_ns))}"
        for item in context.timers
    ]
    return "，".join(parts) + "。"


def _what_i_said(_plain: str, context: Context) -> Answer:
    if not context.last_user_text:
        return Answer("你之前还没有说过话。")
    return Answer(f"你说的是：{context.last_user_text[:_MAX_CHARS]}")


_TALK: Final[Mapping[str, Callable[[str, Context], Answer]]] = {
    "timer_set": _set_timer,
    "timer_cancel": _cancel_timer,
    "timer_list": lambda _plain, context: Answer(_listing(context)),
    "stop": lambda _plain, _context: Answer("好的。", (StopSpeaking(),)),
    "repeat": lambda _plain, context: Answer(context.last_reply or "我还没有说过话。"),
    "what_i_said": _what_i_said,
}


def _fallback(text: str, context: Context) -> Answer:
    heard = "抱歉，这个我不会。"
    if context.rejected:
        heard = f"我好像听到，{text[:_MAX_CHARS].rstrip('。！？')}，但是不太确定。"
    if context.last_intent == "fallback":
        return Answer(f"{heard}说“帮助”，听听我会什么。")
    return Answer(
        f"{heard}我只是内置助手，会报时间和日期、算数、定时。"
        "想随便聊天，请在这台电脑上启动 LM Studio 或者 Ollama，它会替我回答。"
    )
