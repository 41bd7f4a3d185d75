"""English numbers in figures from ten up, and smaller ones with a sign, a share, a price or a time.

What a newspaper does (AP, "Numerals"): `two of them`, `25 of them`, `5%`, `$5`, `3.14`. Recognisers
that spell numbers out need it; Whisper writes figures by itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from streamtalk.asr.writing.draft import Edit

ONES: Final = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        range(1, 10),
        strict=True,
    )
)
_TEENS: Final = dict(
    zip(
        [
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(10, 20),
        strict=True,
    )
)
_TENS: Final = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(20, 100, 10),
        strict=True,
    )
)
_ZEROS: Final = frozenset({"zero", "oh"})
_SCALES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_ORDINALS: Final = (
    dict(
        zip(
            ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"],
            range(1, 10),
            strict=True,
        )
    )
    | {"tenth": 10, "eleventh": 11, "twelfth": 12, "twentieth": 20, "thirtieth": 30}
    | {
        f"{stem}th": value
        for stem, value in _TEENS.items()
        if value > 12  # noqa: PLR2004 — above
    }
)
_MONTHS: Final = frozenset(
    [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ]
)
_YEAR_BEFORE: Final = _MONTHS | {
    "in",
    "since",
    "year",
    "until",
    "of",
    "by",
    "from",
    "before",
    "after",
}
_TIME_BEFORE: Final = frozenset({"at", "by", "until", "till", "around", "before", "after", "from"})
_SPEAKABLE: Final = frozenset({*ONES, *_TEENS, *_TENS, *_ZEROS, *_SCALES, *_ORDINALS, "hundred"})
JOINING: Final = frozenset({"and", "point", "a", "p", "per", "minus"})
"""Words that a number may begin or go on with, or its sign."""

_TOKEN: Final = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
_DIGIT_RUN: Final = 4
"""So many digits in a row are one number, such as a code; fewer may be a count-in."""


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    text: str
    joined: bool
    """Whether only a space or a hyphen stands between it and the word before."""


@dataclass(frozen=True)
class _Number:
    value: int
    after: int
    """Index of the word behind it."""

    words: int
    is_year: bool = False


def is_number_word(word: str) -> bool:
    """Whether a number may hold this word."""
    return word.lower() in _SPEAKABLE


def edits(text: str) -> Iterator[Edit]:
    """The numbers of an English text that are to be in figures, in order."""
    words = _words(text)
    at = 0
    while at < len(words):
        found = _written(words, at)
        if found is None:
            at = _behind_pair(words, at)
            continue
        new, after = found
        yield Edit(words[at].start, words[after - 1].end, new)
        at = after


def _behind_pair(words: Sequence[_Word], at: int) -> int:
    """Behind this word, or behind a pair such as `five thirty` that may be a time or none."""
    is_pair = words[at].text in ONES and _is(words, at + 1, *_TEENS, *_TENS)
    pair = _below_hundred(words, at + 1) if is_pair else None
    return pair.after if pair else at + 1


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    for found in _TOKEN.finditer(text):
        between = text[words[-1].end : found.start()] if words else ""
        words.append(_Word(*found.span(), found.group().lower(), between in {" ", "-"}))
    return words


def _is(words: Sequence[_Word], at: int, *texts: str) -> bool:
    return at < len(words) and words[at].joined and words[at].text in texts


def _written(words: Sequence[_Word], at: int) -> tuple[str, int] | None:
    """How what begins at `at` is written, and the word behind it."""
    if words[at].text == "minus" and at + 1 < len(words) and words[at + 1].joined:
        inner = _written(words, at + 1)
        return (f"-{inner[0]}", inner[1]) if inner and inner[0][0].isdigit() else None
    found = _code(words, at) or _ordinal(words, at)
    if found is not None:
        return found
    number = _year(words, at) or _cardinal(words, at)
    if number is None:
        return None
    decimals, after = _decimals(words, number.after)
    clock = None if decimals else _clock(words, at, number)
    return clock or _amount(words, number, decimals, after)


def _amount(
    words: Sequence[_Word], number: _Number, decimals: str, after: int
) -> tuple[str, int] | None:
    """A number with what is counted, where that has a sign; a small one without stays words."""
    plain = number.is_year or bool(decimals)
    figure = f"{number.value}{decimals}" if plain else _grouped(number)
    if _is(words, after, "percent"):
        return f"{figure}%", after + 1
    if _is(words, after, "per") and _is(words, after + 1, "cent"):
        return f"{figure}%", after + 2
    if _is(words, after, "million", "billion"):
        figure, after = f"{figure} {words[after].text}", after + 1
        plain = True
    if _is(words, after, "dollars"):
        return f"${figure}", after + 1
    return (figure, after) if plain or number.value > 9 else None  # noqa: PLR2004 — one figure


def _grouped(number: _Number) -> str:
    """With commas; whole millions stay words behind their number."""
    for name, scale in (("billion", 10**9), ("million", 10**6)):
        if number.value >= scale and number.value % scale == 0:
            return f"{number.value // scale:,} {name}"
    return f"{number.value:,}"


def _code(words: Sequence[_Word], at: int) -> tuple[str, int] | None:
    """Digits said one by one."""
    digits, after = "", at
    while after < len(words) and (after == at or words[after].joined):
        text = words[after].text
        if text not in ONES and text not in _ZEROS:
            break
        digits += str(ONES.get(text, 0))
        after += 1
    if _is(words, after, "point", "hundred", "a", "am", "p", "pm", *_SCALES):
        return None
    if words[at].text == "oh":
        return None
    is_code = len(digits) >= _DIGIT_RUN or (len(digits) > 2 and "0" in digits)  # noqa: PLR2004
    return (digits, after) if is_code else None


def _ordinal(words: Sequence[_Word], at: int) -> tuple[str, int] | None:
    """`21st`; the first nine stay words but behind a month."""
    tens, after = _TENS.get(words[at].text, 0), at
    if tens:
        after += 1
        if not _is(words, after, *_ORDINALS):
            return None
    value = _ORDINALS.get(words[after].text)
    if value is None or (tens and value > 9):  # noqa: PLR2004 — one figure
        return None
    before = words[at - 1].text if at > 0 and words[at].joined else ""
    if not tens and value < 10 and before not in _MONTHS:  # noqa: PLR2004 — one figure
        return None
    # As in `a twenty second timer`.
    if words[after].text == "second" and before not in {"the", *_MONTHS}:
        return None
    value += tens
    ending = {1: "st", 2: "nd", 3: "rd"}.get(value % 10 if value // 10 != 1 else 0, "th")
    return f"{value}{ending}", after + 1


def _year(words: Sequence[_Word], at: int) -> _Number | None:
    """`nineteen eighty four`, `twenty twenty six`; `two thousand and five` behind `in`."""
    first = {**_TEENS, "twenty": 20}.get(words[at].text, 0)
    if first > 15 and at + 1 < len(words) and words[at + 1].joined:  # noqa: PLR2004 — 1600
        rest = _below_hundred(words, at + 1)
        if words[at + 1].text == "oh" and at + 2 < len(words) and _is(words, at + 2, *ONES):
            return _Number(first * 100 + ONES[words[at + 2].text], at + 3, 3, is_year=True)
        if rest and rest.value > 9:  # noqa: PLR2004 — one figure
            return _Number(first * 100 + rest.value, rest.after, 2, is_year=True)
    if words[at].text == "two" and at > 0 and words[at - 1].text in _YEAR_BEFORE:
        found = _cardinal(words, at)
        if found and 2000 <= found.value < 2100:  # noqa: PLR2004 — this century
            return _Number(found.value, found.after, found.words, is_year=True)
    return None


def _below_hundred(words: Sequence[_Word], at: int) -> _Number | None:
    if at >= len(words):
        return None
    text = words[at].text
    if text in ONES or text in _TEENS:
        return _Number(ONES.get(text) or _TEENS[text], at + 1, 1)
    if text not in _TENS:
        return None
    unit = ONES[words[at + 1].text] if _is(words, at + 1, *ONES) else 0
    return _Number(_TENS[text] + unit, at + (2 if unit else 1), 2 if unit else 1)


def _cardinal(words: Sequence[_Word], at: int) -> _Number | None:
    """Groups with falling scales; `a hundred` is left to be words."""
    begin, total, largest = at, 0, 10**12
    while at < len(words) and (at == begin or words[at].joined):
        if at > begin and words[at].text == "and":
            at += 1
        group = _group(words, at)
        if group is None or (at > begin and not words[at].joined):
            at -= at > begin and words[at - 1].text == "and"
            break
        scale = next((s for name, s in _SCALES.items() if _is(words, group.after, name)), 1)
        if scale >= largest:
            break
        total, at, largest = total + group.value * scale, group.after + (scale > 1), scale
        if scale == 1 or not (at < len(words) and words[at].joined):
            break
    if at == begin and words[at].text == "zero":
        return _Number(0, at + 1, 1)
    return _Number(total, at, at - begin) if at > begin else None


def _group(words: Sequence[_Word], at: int) -> _Number | None:
    """1 to 999."""
    head = _below_hundred(words, at)
    if head is None or not _is(words, head.after, "hundred"):
        return head
    at = head.after + 1
    ahead = at + 1 if _is(words, at, "and") else at
    rest = _below_hundred(words, ahead) if ahead < len(words) and words[ahead].joined else None
    if rest is None:
        return _Number(head.value * 100, at, 2)
    return _Number(head.value * 100 + rest.value, rest.after, 3)


def _decimals(words: Sequence[_Word], at: int) -> tuple[str, int]:
    """`.14` of `point one four`."""
    digits, after = "", at + 1
    while _is(words, at, "point") and _is(words, after, *ONES, *_ZEROS):
        digits += str(ONES.get(words[after].text, 0))
        after += 1
    return (f".{digits}", after) if digits else ("", at)


def _clock(words: Sequence[_Word], begin: int, hour: _Number) -> tuple[str, int] | None:
    """`5:30 p.m.`, `5 p.m.`, and `5:30` behind a word such as `at`."""
    if not 0 < hour.value <= 12:  # noqa: PLR2004 — hours of a clock
        return None
    at, minutes = hour.after, ""
    if _is(words, at, "oh") and _is(words, at + 1, *ONES):
        minutes, at = f":0{ONES[words[at + 1].text]}", at + 2
    elif _is(words, at, *_TEENS, *_TENS) and (rest := _below_hundred(words, at)):
        minutes, at = f":{rest.value:02}", rest.after
    for letter in "ap":
        if _is(words, at, letter) and _is(words, at + 1, "m"):
            return f"{hour.value}{minutes} {letter}.m.", at + 2
        if _is(words, at, f"{letter}m"):
            return f"{hour.value}{minutes} {letter}.m.", at + 1
    is_said = begin > 0 and words[begin].joined and words[begin - 1].text in _TIME_BEFORE
    return (f"{hour.value}{minutes}", at) if minutes and is_said else None
