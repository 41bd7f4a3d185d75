"""Chinese: which words end a turn and which want another one.

Works on recognisers' text without punctuation, and uses punctuation where it is.
"""

import re
from typing import Final

from streamtalk.turn.verdict import (
    BACKCHANNEL,
    BROKEN,
    DOUBTFUL,
    LIKELY,
    UNKNOWN,
    WAIT,
    WHOLE,
    Verdict,
)

_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_NOT_TEXT: Final = re.compile(r"[^\u3400-\u9fffa-zA-Z0-9]")
_BREAKING_OFF: Final = re.compile(r"(?:\.\.+|…+|,|，|、|；|：|-|—)\s*$")


def _alternatives(words: str) -> str:
    return "|".join(sorted(words.split(), key=len, reverse=True))


_BACKCHANNEL: Final = re.compile(r"(?:嗯|哼|唔|哦|噢|喔|呵|啊|哎|诶|欸)+")

_SILENCE: Final = re.compile(
    r"(?:别|不要|不用|不需要|暂?不|停止|停|终止|中断)(?:再|当前|在|所有)?(?:继续)?"
    r"(?:说|讲|吵|出声|发声|发言|念|胡说|打断|插嘴|语音|交流|输出|继续)|"
    r"安静|闭嘴|住嘴|住口|静一?静|静音|沉默|打住|慢着|且慢|先(?:别|停|暂停|不说)|停(?:下|一下|一停)|"
    r"(?:请|麻烦你?)先?(?:暂停|停止|停)(?:一下)?$"
)
"""Asks the voice to be silent."""

_LATER: Final = re.compile(
    r"等一?(?:下|等|会)|等我|稍等|稍后|"
    r"(?:待会|一会|晚点|回头|改天|下次|过两天|到时候?|等?晚上)儿?(?:再|吧|看|说)|"
    r"我(?:先|再)?(?:去)?(?:想想|想一下|考虑|看看|看一下|查一下|找一下)|再(?:考虑|说吧|看看|联系)|"
    r"(?:现在|这会|正|在|有点|比较)(?:在)?(?:有点?事|忙|开会|开车|不方便|没时间|没空|不需要)|"
    r"暂时(?:不|没)|歇(?:会|一)|缓一?缓|接个?电话|(?:先|你)听我说"
)
"""Puts the voice off: the person needs time."""

_ABOUT_TIME: Final = re.compile(r"提醒|闹钟|定时|计时|叫我|音乐|播放|歌|视频")
"""With these words, waiting and stopping are what a command is about."""

_QUESTION_END: Final = re.compile(
    r"(?:吗|么|呢|是什么|干什么|做什么|为什么|怎么样|怎么办|怎么做|怎么走|怎么说|"
    r"是谁|在哪|哪里|哪儿|哪个|几点|几号|几岁|多少|多久|多大|多远|好不好|行不行|可不可以|对不对|是不是)$"
)
_PARTICLE_END: Final = re.compile(
    r"(?:吧|啊|呀|啦|嘛|哦|喔|哈|咯|哇|呗|谢谢|再见|你好|好的|有没有)$"
)
_WEAK_END: Final = re.compile(r"(?:了|过|可以|对|没有)$")
_QUESTION: Final = re.compile(
    r"什么|怎么|如何|为何|为啥|哪|谁|几|多少|多久|是否|有没有|能不能|能否|可不可以|是不是|吗"
)
_ASKS_FACT: Final = re.compile(r"什么|怎么|哪|谁|几|多少|多久")
_ANNOUNCED: Final = re.compile(r"^(?:你好)?(?:请问|我想(?:问|知道|了解))")
_SUBORDINATE: Final = re.compile(r"^(?:当|如果|要是|因为|虽然|考虑到|自从|随着|只有|为了)")
_COMMAND_OPENER: Final = re.compile(
    r"^(?:请|帮|给我|告诉我|打开|关闭|关掉|播放|设置|设定|停止|继续|暂停|提醒|换|讲|查|列出|解释|描述|生成|创建|写|翻译|计算|说)"
)

_OPEN_END: Final = re.compile(
    r"(?:"
    + _alternatives(
        # Connectors and adverbs that carry a clause forward.
        "和 跟 与 及 以及 或 或者 还是 并 并且 而 而且 且 但 但是 可是 不过 因为 由于 "
        "所以 因此 如果 要是 "
        "假如 虽然 尽管 即使 既然 然后 接着 后来 于是 就是 就是说 比如 比如说 例如 "
        "包括 特别是 尤其是 只有 "
        "只要 除了 关于 对于 至于 根据 按照 通过 随着 为了 首先 其次 另外 同时 目前 其实 "
        # Fillers.
        "那个 这个 那么 嗯 呃 额 就 那 反正 好像 "
        # Prepositions and verbs that want an object.
        "怎么 是否 哪些 有什么 看起来 听起来 关于这个 "
        "是 在 把 被 对 从 向 往 为 给 让 使 以 于 由 将 比 用 叫 拿 像 到 有 "
        # Adverbs and modals that want a verb.
        "不 没 很 更 最 太 非常 特别 挺 比较 十分 有点 也 都 还 又 再 才 只 已 已经 "
        "正 正在 刚 曾 曾经 "
        "能 能够 可能 应该 应当 必须 需要 想 想要 希望 打算 准备 开始 一般 基本上 往往 "
        # Numbers, measure words and determiners that want a noun.
        "一 一个 一些 一种 一位 一名 两 几 几个 某 某个 每 每个 各 各种 第 这 这种 "
        "这样 这些 那些 那种 其中 "
        # Subordinate clauses.
        "的时候 时候 的话 之后 以后 之前 以前 之间 过程中 的情况下 方面 时 所 之 各个 "
        # Pronouns that are subjects.
        "我 我们 你们 他 他们 她 她们 它 它们 咱们 说",
    )
    + r"|(?<![开一等机聚晚社约])会)$"
)
_MEASURED: Final = re.compile(r"[一两几每这那某][些种位名份首条片家件本张次项款段]$")
_SHORT_WHOLE: Final = re.compile(
    r"对|是|好|行|不|停|没|有|对对|是的|不是|好的|好啊|可以|没有|有的|不要|不用|不行|当然|没错|"
    r"知道了|停止|停下|暂停|继续|帮助|再来|取消|谢谢|谢谢你|多谢|你好|再见|"
    r"[大小]声一?点|[快慢]一?点"
)
"""Answers and commands that are whole although they are short."""

_SHORT_CHARS: Final = 4
_SENTENCE_CHARS: Final = 9
_TWO_CLAUSES_CHARS: Final = 12


def is_chinese(text: str) -> bool:
    """Whether the text has Han characters."""
    return _HAN.search(text) is not None


def judge(text: str) -> Verdict:
    """What Chinese words say about the end of the turn."""
    stripped = text.strip()
    plain = _NOT_TEXT.sub("", stripped)
    if not plain:
        return UNKNOWN
    if _SHORT_WHOLE.fullmatch(plain):
        return WHOLE
    if _BACKCHANNEL.fullmatch(plain):
        return BACKCHANNEL
    if _asks_to_wait(plain):
        return WAIT
    if _BREAKING_OFF.search(stripped):
        return BROKEN
    return _judge_end(plain, question_mark=stripped.endswith(("?", "？")))


def _asks_to_wait(plain: str) -> bool:
    if _ABOUT_TIME.search(plain):
        return False
    if _SILENCE.search(plain):
        return True
    return bool(_LATER.search(plain)) and not _ASKS_FACT.search(plain)


def _judge_end(plain: str, *, question_mark: bool) -> Verdict:
    if question_mark or _QUESTION_END.search(plain):
        return WHOLE
    if _PARTICLE_END.search(plain):
        return WHOLE if len(plain) > 1 else LIKELY
    if _OPEN_END.search(plain) or _MEASURED.search(plain):
        return BROKEN
    if _WEAK_END.search(plain):
        return LIKELY
    return _judge_length(plain)


def _judge_length(plain: str) -> Verdict:
    announced = _ANNOUNCED.search(plain)
    if plain.endswith("的") or (announced and not _QUESTION.search(plain[announced.end() :])):
        return DOUBTFUL
    if _SUBORDINATE.search(plain) and len(plain) < _TWO_CLAUSES_CHARS:
        return DOUBTFUL
    if _COMMAND_OPENER.search(plain) or _QUESTION.search(plain):
        return LIKELY if len(plain) >= _SHORT_CHARS else UNKNOWN
    if len(plain) >= _SENTENCE_CHARS:
        return LIKELY
    return DOUBTFUL if len(plain) < _SHORT_CHARS else UNKNOWN
