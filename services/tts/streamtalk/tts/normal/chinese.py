"""What is said of figures and signs in Chinese."""

import re
from typing import Final

from streamtalk.tts.normal.abbreviations import LETTER_RULES
from streamtalk.tts.normal.located import Part, Said
from streamtalk.tts.normal.numbers_zh import cardinal, counted, decimal, digits
from streamtalk.tts.normal.scanner import Match, Rule, RuleSet
from streamtalk.tts.normal.units import CODE, CODES, MONEY, SCALE, SCALES, SIGN, UNIT, UNITS
from streamtalk.tts.normal.web import address_rules

_NUMBER: Final = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_MEASURE: Final = (
    "个 只 条 本 张 位 名 件 次 天 年 周 小时 分钟 秒 点 米 公里"
    " 公斤 千克 克 斤 吨 升 块 元 美元 欧元 杯 瓶 碗 台 辆 架 座"
    " 家 种 类 步 遍 层 间 套 双 对 群 岁 倍 万 亿 千 百 项 支"
    " 首 句 段 章 篇 页 把 棵 颗 头 匹 口 门 场 部 片 份 人"
    " 厘米 毫米 平方 立方 度 代 回 趟 下 课 组 排 行 列 滴 包 箱"
    " 盒 袋 根 枚 朵 顶 扇 幅 艘 节 星期 站 票 国 省"
)
_MEASURES: Final = "(?:" + "|".join(sorted(_MEASURE.split(), key=len, reverse=True)) + ")"
_VULGAR: Final = {
    "½": "二分之一",
    "⅓": "三分之一",
    "⅔": "三分之二",
    "¼": "四分之一",
    "¾": "四分之三",
}


def _year(text: str) -> str:
    return digits(text)


def _date(match: Match) -> str | None:
    return _said_date(match[1], match[2], match[3])


def _said_date(year: str, month: str, day: str) -> str | None:
    if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):  # noqa: PLR2004
        return None
    return f"{_year(year)}年{cardinal(str(int(month)))}月{cardinal(str(int(day)))}日"


def _american_date(match: Match) -> str | None:
    return _said_date(match[3], match[1], match[2]) or _said_date(match[3], match[2], match[1])


def _clock(match: Match) -> str | None:
    hour, minute, second = int(match[1]), int(match[2]), match[3]
    if hour > 24 or minute > 59:  # noqa: PLR2004
        return None
    said = f"{counted(str(hour))}点"
    if minute or second:
        said += f"{'零' if minute < 10 else ''}{cardinal(str(minute))}分"  # noqa: PLR2004
    elif not second:
        said += "整"
    return said + (f"{cardinal(str(int(second)))}秒" if second else "")


def _score(match: Match) -> str:
    return f"{cardinal(match[1])}比{cardinal(match[2])}"


def _percent(match: Match) -> str:
    base = "百分之" if match[2] == "%" else "千分之"
    sign = "负" if match[1][0] in "-−" else ""
    return f"{sign}{base}{decimal(match[1].lstrip('-−+'))}"


def _percent_range(match: Match) -> str:
    return f"百分之{decimal(match[1])}到百分之{decimal(match[2])}"


def _amount(number: str, scale: str | None) -> str:
    """An amount of money; English scales become 万 and 亿."""
    plain = number.replace(",", "")
    if not scale:
        return counted(plain)
    zeros = SCALES[scale.strip()][1]
    whole, _, rest = plain.partition(".")
    shifted = whole + rest.ljust(zeros, "0") if len(rest) <= zeros else plain
    return cardinal(shifted.lstrip("0") or "0")


def _money(match: Match) -> str:
    sign = "负" if match[1] else ""
    return f"{sign}{_amount(match[3], match[4])}{MONEY[match[2]].zh}"


def _coded(match: Match) -> str:
    return f"{_amount(match[1], None)}{CODES[match[2]].zh}"


def _unit(match: Match) -> Said:
    unit = UNITS[match[2]]
    number = match[1]
    if number[0] in "-−":
        below = "零下" if "度" in unit.zh else "负"
        said = below + decimal(number[1:])
    else:
        said = counted(number.lstrip("+"))
    return [Part(said, match.start()), Part(unit.zh, match.start(2))]


def _unit_range(match: Match) -> Said:
    return [
        Part(f"{counted(match[1])}到", match.start()),
        Part(counted(match[2]), match.start(2)),
        Part(UNITS[match[3]].zh, match.start(3)),
    ]


def _range(match: Match) -> Said | None:
    first, second = match[1], match[2]
    if re.match(r"年", match.string[match.end() :]) and len(first) == len(second) == 4:  # noqa: PLR2004
        ends = _year(first), _year(second)
    elif first.startswith("0") or second.startswith("0"):
        return None
    else:
        measured = re.match(rf"\s?{_MEASURES}", match.string[match.end() :])
        ends = (counted if measured else decimal)(first), (counted if measured else decimal)(second)
    return [Part(f"{ends[0]}到", match.start()), Part(ends[1], match.start(2))]


def _fraction(match: Match) -> str | None:
    if not 1 < int(match[2]) <= 100:  # noqa: PLR2004
        return None
    return f"{cardinal(match[2])}分之{cardinal(match[1])}"


def _mobile(match: Match) -> str:
    return "，".join(digits(group, one="幺") for group in (match[1], match[2], match[3]))


def _phone(match: Match) -> str:
    groups = re.findall(r"\d+", match[0])
    plus = "加" if match[0].startswith("+") else ""
    return plus + "，".join(digits(group, one="幺") for group in groups)


def _points(match: Match) -> str:
    return "点".join(cardinal(part) for part in match[0].split("."))


def _negative(match: Match) -> str:
    return ("负" if match[0][0] in "-−" else "加") + decimal(match[0][1:])


def _power(match: Match) -> str:
    tail = {"2": "的平方", "3": "的立方"}.get(match[2])
    return decimal(match[1]) + (tail or f"的{cardinal(match[2])}次方")


def _counted(match: Match) -> str:
    return counted(match[1])


def _year_or_count(match: Match) -> str | None:
    """`2024年` is a year, `10年` a span of time."""
    text = match[1]
    is_year = len(text) == 4 or text[0] in "0789"  # noqa: PLR2004
    return _year(text) if is_year else None


def _points_of(text: str) -> str:
    return "点".join(cardinal(part) for part in text.split("."))


_DIGIT_RULES: Final = RuleSet(
    [
        *address_rules("zh")[:2],
        Rule(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?![\d./-])", _date),
        Rule(r"(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])", _american_date),
        Rule(r"(\d{4}|\d\d)\s?(?=年(?!代|前|后|来|内|间|级|薪|以|之))", _year_or_count),
        Rule(r"(\d{1,2})[:：](\d\d)(?:[:：](\d\d))?(?![:：\d])", _clock),
        Rule(r"(\d{1,3})[:：](\d{1,3})(?![:：\d])", _score),
        Rule(r"\d+(?:\.\d+){2,}", _points),
        Rule(r"(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)", _mobile),
        Rule(r"0\d{2,3}[ -]\d{7,8}(?!\d)|[48]00[ -]\d{3}[ -]\d{4}(?!\d)", _phone),
        Rule(r"(?<=[打拨警话])(?:11[0-9]|12[0-9]{1,3}|10\d{3}|95\d{3})(?!\d)", _phone),
        Rule(rf"({_NUMBER})%?\s?[-–—~～至到]\s?({_NUMBER})%", _percent_range),
        Rule(rf"({_NUMBER})\s?([%‰])", _percent),
        Rule(rf"({_NUMBER})\s?({CODE})(?![A-Za-z])", _coded),
        Rule(rf"({_NUMBER})\s?[-–—~～]\s?({_NUMBER})\s?({UNIT})(?![A-Za-z/])", _unit_range),
        Rule(rf"({_NUMBER})\s?({UNIT})(?![A-Za-z0-9/²³])", _unit),
        Rule(rf"({_NUMBER})\^(\d{{1,3}})(?!\d)", _power),
        Rule(rf"(?<![-\d])({_NUMBER})[-–—~～]({_NUMBER})(?![-–—~～\d])", _range),
        Rule(r"(\d{1,3})/(\d{1,3})(?![\d/])", _fraction),
        Rule(rf"({_NUMBER})\s?(?=月|日|号)", lambda m: decimal(m[1])),
        Rule(rf"(?<!第)({_NUMBER})\s?(?=(?:多|几)?{_MEASURES})", _counted),
        Rule(r"\d{7,}(?![\d.,万亿元个])", lambda m: digits(m[0]) if int(m[0]) % 1_000 else None),
        Rule(_NUMBER, lambda m: decimal(m[0])),
    ]
)
_SIGN_RULES: Final = RuleSet(
    [
        *address_rules("zh")[2:],
        Rule(rf"([-−]?)({SIGN})\s?({_NUMBER})(\s?{SCALE})?元?", _money),
        Rule(r"\+\d{1,3}(?:[ -]?\d{2,5}){2,6}(?!\d)", _phone),
        Rule(rf"(?<![A-Za-z\d.)）])([-−+]{_NUMBER})\s?({UNIT})(?![A-Za-z/])", _unit),
        Rule(rf"(?<![A-Za-z\d.)）])([-−]{_NUMBER})\s?(%)", _percent),
        Rule(rf"(?<![A-Za-z\d.)）])[-−+]{_NUMBER}", _negative),
        Rule("[½⅓⅔¼¾]", lambda m: _VULGAR[m[0]]),
        Rule(r"\#(?=\d)", lambda _: "第"),
        Rule(r"(?<=\d[:：]\d\d)[-–—~～](?=\d)", lambda _: "到"),
        Rule(r"(?<=[A-Za-z)）])²", lambda _: "的平方"),
        Rule(r"(?<=[A-Za-z)）])³", lambda _: "的立方"),
        Rule(r"\s?&\s?", lambda _: "和"),
        Rule(r"\s?(?:<=|≤)\s?", lambda _: "小于等于"),
        Rule(r"\s?(?:>=|≥)\s?", lambda _: "大于等于"),
        Rule(r"\s?(?:!=|≠)\s?", lambda _: "不等于"),
        Rule(r"[~≈～](?=\d)", lambda _: "约"),
        Rule(r"\s?≈\s?", lambda _: "约等于"),
        Rule(r"\s?±\s?", lambda _: "正负"),
        Rule(r"(?<=[\w)）])\s?=\s?(?=[\w(（-])", lambda _: "等于"),
        Rule(r"(?<=[\w)）])(?:\s\+\s|\+)(?=[\w(（])", lambda _: "加"),
        Rule(r"(?<=[\d)）])\s?[×*xX]\s?(?=[\d(（])", lambda _: "乘"),
        Rule(r"(?<=[\d)）])\s?÷\s?(?=[\d(（])", lambda _: "除以"),
        Rule(r"(?<=\d)\s[-−]\s(?=\d)", lambda _: "减"),
        Rule(r"(?<=[\d)）])\s?<\s?(?=[\d(（])", lambda _: "小于"),
        Rule(r"(?<=[\d)）])\s?>\s?(?=[\d(（])", lambda _: "大于"),
        Rule(r"°", lambda _: "度"),
        Rule(r"√", lambda _: "根号"),
        Rule(r"\s?(?:→|->|=>|⇒)\s?", lambda _: "到"),
        Rule(r"[_^=\\{}]+", lambda _: " "),
    ]
)
_LETTER_RULES: Final = RuleSet(
    [
        *address_rules("zh")[:2],
        Rule(r"[vV](\d+(?:\.\d+)*)(?!\w)", lambda m: "版本" + _points_of(m[1])),
        Rule(rf"({CODE})\s?({_NUMBER})", lambda m: _amount(m[2], None) + CODES[m[1]].zh),
        Rule(rf"(US|HK)(\$)({_NUMBER})", lambda m: _amount(m[3], None) + MONEY[m[1] + m[2]].zh),
        *LETTER_RULES,
    ]
)


def rules_at(char: str) -> RuleSet:
    """The rules for a place that begins with `char`."""
    if char.isdecimal():
        return _DIGIT_RULES
    return _LETTER_RULES if char.isalpha() else _SIGN_RULES
