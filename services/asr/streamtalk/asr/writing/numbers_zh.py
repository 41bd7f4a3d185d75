"""Chinese numbers in figures where a person writes figures: dates, times, shares, measures, sums.

Small numbers that are words of their sentence stay: 一个人, 三心二意. After GB/T 15835-2011, which
leaves idioms, weekdays, approximations (三五个, 二三十) and names of days (初五) in Hanzi.
"""

import re
from collections.abc import Iterator
from typing import Final

from streamtalk.asr.writing.draft import Edit
from streamtalk.asr.writing.hanzi_numbers import DIGITS, MYRIADS, PLACES, digits_of, value_of

_FOLD: Final = str.maketrans(
    "點萬億兩號個鐘時幾週間後負開見發塊歲層樓頁條張隻雙過來邊過線",
    "点万亿两号个钟时几周间后负开见发块岁层楼页条张只双过来边过线",
)
_N: Final = "零〇一二两三四五六七八九十百千万亿"
_D: Final = "零〇一二三四五六七八九幺"
_KEPT: Final = re.compile(
    rf"(?<![{_N}])(?:十分(?![钟之])|十足|十全|十字|十万火急|十万八千里|十有八九|十之八九|十拿九稳"
    r"|十恶不赦|十面埋伏|十指|十大|十几|十来个|十年寒窗|十年树木|十一(?:黄金周|假期|长假)|十二生肖"
    r"|十八般|三十六计|三十而立|四十不惑|五十步笑百步|七十二变|二百五(?!十)|一百二十分|一千零一夜"
    r"|二十四节气|二十四史|三百六十五?行|一百八十度大转弯|百分百|百万富翁|一万年太久)"
    rf"|(?<![{_N}])(?:万一|千万|亿万)(?![{_N}])"
    r"|[几数]十|一五一十|一二三|三二一|七七八八|三三两两|不管三七二十一|三分钟热度|一日三餐|一点一[点滴]"
    r"|双十[一二]|(?:正月|腊月|冬月|初)[一二三四五六七八九十]+|八一建军节|三八妇女节|五一劳动节|六一儿童节"
    r"|星期[一二三四五六日天]|礼拜[一二三四五六天]"
)
"""Words and idioms that are no count of anything."""

_RUN: Final = re.compile(rf"[{_N}幺]+(?:点[{_D}]+(?:点[{_D}]+)*(?=[万亿](?![{_N}])|(?![{_N}])))?")
_SHARE: Final = re.compile(rf"(负?)([百千])分之(零?[{_N}]+(?:点[{_D}]+)?)(?![{_N}点几])")
_SIGNS: Final = {"百": "%", "千": "‰"}
_FRACTION: Final = re.compile(rf"([{_N}]+)分之([{_N}]+)(?![{_N}点几])")
_DAY_TIMES: Final = "早上|上午|中午|下午|晚上|凌晨|半夜|傍晚|夜里|今晚|明晚|今早|明早|清晨"
_CLOCK: Final = re.compile(
    rf"(?P<when>{_DAY_TIMES})?(?P<h>[零一二两三四五六七八九]|[二]?十[一二三四五六七八九]?)点"
    rf"(?P<m>零[一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?|[一二三四五六七八九](?=分))?"
    rf"(?P<unit>分(?!之)|钟|半(?!天)|整|[一三]刻)?(?![{_N}])"
)
_YEAR: Final = re.compile(
    rf"([{_D}]{{4}}|[零〇五六七八九][{_D}])(?=年(?!级|龄))|([{_D}]{{4}})(?=年)"
)
_MONTH: Final = re.compile(
    r"(十[一二]?|[一二三四五六七八九])月(?![{亮光]|[季票薪经子])(?:(三十一?|二?十[一二三四五六七八九]?|二十|[一二三四五六七八九])(?=[日号]))?"
)
_UNITS: Final = (
    "摄氏度|华氏度|平方(?:公里|千米|米)|立方(?:米|厘米)|公里|千米|厘米|毫米|微米|米|海里|英里|公斤|千克|毫克|克"
    "|吨|毫升|升(?!级)|度(?!假)|赫兹|兆|伏|瓦|分钟(?!热度)|秒钟?|小时|周岁|岁|元|块钱|美元|欧元|日元|英镑|人民币|公顷|号(?![称召码角])"
)
_UNIT_AFTER: Final = re.compile(rf"(?:多|余)?(?:{_UNITS})")
_COUNTED: Final = re.compile(
    r"(?:多)?(?:个|年|天|次|倍|人|位|名|件|本|张|条|只|块|层|楼|页|分钟|小时|秒|点|号|月|日|岁|米|公里|公斤|度|元|万|亿|周|级|套|台|辆|家|门|场|首|遍|步|句|支|瓶|杯|斤|吨|克|升)"
)
_HOUSE: Final = re.compile(r"号?房|室|路|航班|号楼|次列车|国道|线|寝室|教室|宿舍|会议室")
_CALLED: Final = re.compile(
    r"(?:电话|号码|拨打|拨|打|房间|编号|密码|验证码|尾号|车牌|航班|学号)号?[是为]?$"
)
_HOURS: Final = 24
_CODE_DIGITS: Final = 4
"""So many digits side by side are one number; three are where one is a zero, or by what is near."""

_CONTEXT: Final = 6
"""Characters before or behind a number that decide how it is written."""

_SCALED: Final = re.compile(r"(?P<head>[^亿]+亿)?(?P<body>[^万]+万)?(?P<tail>.*)")


def edits(text: str) -> Iterator[Edit]:
    """The numbers of `text` that are to be in figures, in order; `text` in either script."""
    text = text.translate(_FOLD)
    kept = [(found.start(), found.end()) for found in _KEPT.finditer(text)]
    at = 0
    for edit in sorted(_found(text)):
        if edit.start < at or any(edit.start < end and begin < edit.end for begin, end in kept):
            continue
        yield edit
        at = edit.end


def _found(text: str) -> Iterator[Edit]:
    """Candidates; of two that overlap the one that begins first, then the longer, is meant."""
    taken: list[tuple[int, int]] = []
    for rule in (_shares, _fractions, _years, _months, _clock, _runs):
        fresh = [
            group
            for group in rule(text)
            if not any(group[0].start < end and begin < group[-1].end for begin, end in taken)
        ]
        taken += [(group[0].start, group[-1].end) for group in fresh]
        for group in fresh:
            yield from group


def _shares(text: str) -> Iterator[list[Edit]]:
    for found in _SHARE.finditer(text):
        number = "100" if found[3] == "百" else _figures(found[3])
        if number:
            sign = "-" if found[1] else ""
            yield [Edit(found.start(), found.end(), f"{sign}{number}{_SIGNS[found[2]]}")]


def _fractions(text: str) -> Iterator[list[Edit]]:
    for found in _FRACTION.finditer(text):
        below, above = _figures(found[1]), _figures(found[2])
        if below and above and below != "10" and max(len(below), len(above)) > 1:
            yield [Edit(found.start(), found.end(), f"{above}/{below}")]


def _years(text: str) -> Iterator[list[Edit]]:
    for found in _YEAR.finditer(text):
        yield [Edit(found.start(), found.end(), digits_of(found.group()))]


def _months(text: str) -> Iterator[list[Edit]]:
    for found in _MONTH.finditer(text):
        if text[: found.start()][-1:] in tuple(_N):
            continue
        group = [Edit(*found.span(1), str(value_of(found[1])))]
        if found[2]:
            group.append(Edit(*found.span(2), str(value_of(found[2]))))
        yield group


def _clock(text: str) -> Iterator[list[Edit]]:
    for found in _CLOCK.finditer(text):
        minutes, unit = found["m"] or "", found["unit"] or ""
        is_time = unit or (found["when"] and not _is_a_bit(text, found)) or len(minutes) > 1
        hour = value_of(found["h"])
        if text[: found.start("h")][-1:] in tuple(_N) or not is_time or (hour or 0) > _HOURS:
            continue
        if not (found["when"] or unit) and minutes.startswith("零"):
            continue
        group = [Edit(*found.span("h"), str(hour))]
        if minutes:
            value = f"0{DIGITS[minutes[1]]}" if minutes[0] == "零" else str(value_of(minutes))
            group.append(Edit(*found.span("m"), value))
        yield group


def _is_a_bit(text: str, found: re.Match[str]) -> bool:
    """Whether it may be `一点`, a little: `早上一点都不冷`."""
    behind = text[found.end() : found.end() + 1]
    return found["h"] == "一" and bool(behind) and behind not in "，。！？的左前后开见出起到"


def _runs(text: str) -> Iterator[list[Edit]]:
    for found in _RUN.finditer(text):
        before = text[max(0, found.start() - _CONTEXT) : found.start()]
        behind = text[found.end() : found.end() + _CONTEXT]
        group = list(_run(found.group(), before, behind, found.start()))
        if group:
            if before.endswith("负"):
                group.insert(0, Edit(found.start() - 1, found.start(), "-"))
            yield group


def _run(run: str, before: str, behind: str, at: int) -> Iterator[Edit]:
    """How one run of numerals is written, if in figures."""
    whole = Edit(at, at + len(run), "")
    if before.endswith(("几", "数")) or behind.startswith("几"):
        return
    if "点" in run:
        number = _figures(run)
        if number:
            yield whole._replace(new=number)
    elif len(run) == 1:
        if (
            run in DIGITS
            and run != "幺"
            and (_UNIT_AFTER.match(behind) or before.endswith(("零下", "负")))
        ):
            yield whole._replace(new=DIGITS[run])
        elif run == "十" and (
            _COUNTED.match(behind) or _UNIT_AFTER.match(behind) or before.endswith("第")
        ):
            yield whole._replace(new="10")
    elif digits := digits_of(run):
        if _is_code(run, before, behind):
            yield whole._replace(new=digits)
    else:
        yield from _sum(run, at)


def _is_code(run: str, before: str, behind: str) -> bool:
    """Whether digits side by side are one number and not said one after another."""
    if len(run) >= _CODE_DIGITS:
        return True
    if len(run) == _CODE_DIGITS - 1 and (re.search("[零〇幺]", run) or _CALLED.search(before)):
        return True
    return len(run) > 1 and _HOUSE.match(behind) is not None


def _sum(run: str, at: int) -> Iterator[Edit]:
    """A number with places: in figures, its 万 and 亿 kept where nothing smaller follows them."""
    if (run[0] in PLACES and run[0] != "十") or run[0] in MYRIADS or value_of(run) is None:
        return
    found = _SCALED.fullmatch(run)
    if found is None:
        return
    head, body, tail = found["head"] or "", found["body"] or "", found["tail"]
    if tail or not (head or body):
        yield Edit(at, at + len(run), str(value_of(run)))
        return
    for part in filter(None, (head, body)):
        number = value_of(part[:-1].removeprefix("零"))
        if number is not None:
            yield Edit(at, at + len(part) - 1, str(number))
        at += len(part)


def _figures(spoken: str) -> str:
    """`3.14` of `三点一四`, `20` of `二十`, `1.2.3`; empty where it is no number."""
    whole, *decimals = spoken.split("点")
    value = value_of(whole)
    if value is None and not decimals:
        return digits_of(whole)
    if value is None or "万" in whole or "亿" in whole:
        return "" if value is None or decimals else str(value)
    return ".".join([str(value), *map(digits_of, decimals)])
