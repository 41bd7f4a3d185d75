"""Arithmetic in words: a small safe parser with exact fractions, and the answer as a sentence."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from fractions import Fraction
from math import isqrt, log10
from typing import Final, Literal, TypeAlias

from streamtalk.orchestrator.assistant.numerals import read_number, say_number
from streamtalk.orchestrator.assistant.words import Words, starts_with

_MAX_DIGITS: Final = 60
_SUM_SIGNS: Final = {"plus": "plus", "minus": "minus"}
_PRODUCT_SIGNS: Final = {
    "times": "times",
    "multiplied by": "times",
    "divided by": "divided by",
    "over": "divided by",
}
OPERATORS: Final = (*_SUM_SIGNS, *_PRODUCT_SIGNS, "to the power of")
"""What stands between two numbers."""

SUFFIXES: Final = {"squared": 2, "cubed": 3}
_SHARES: Final = {"half of": 2, "a third of": 3, "a quarter of": 4, "a tenth of": 10}
_VERBS: Final = {
    "add": (("and", "to"), "plus"),
    "multiply": (("by", "with", "and"), "times"),
    "divide": (("by",), "divided by"),
    "subtract": (("from",), "minus"),
}
_ROOTS: Final = ("the square root of", "square root of")

Problem: TypeAlias = Literal["zero", "power", "large", "root"]
PROBLEMS: Final[dict[Problem, str]] = {
    "zero": "I can't divide by zero. Nobody can.",
    "power": "I can only do whole powers.",
    "large": "That number is too large for me.",
    "root": "A negative number has no real square root.",
}
"""Why there is no answer, in English."""


@dataclass(frozen=True, slots=True)
class Result:
    """A computed value, how its question is put, and what stood in the way."""

    value: Fraction
    text: str
    """The question in words and digits, such as `7 times 8`."""

    exact: bool = True
    problem: Problem | None = None
    """Why there is no answer; then `value` means nothing."""

    def sentence(self) -> str:
        """The answer in English."""
        if self.problem:
            return PROBLEMS[self.problem]
        number, complete = say_number(self.value)
        about = "" if self.exact and complete else "about "
        sentence = f"{self.text} is {about}{number}."
        return sentence[0].upper() + sentence[1:]


_Found = tuple[Result, int]


def read_expression(words: Words, at: int) -> _Found | None:
    """The longest calculation from `at` on, and the index after it; a bare number is none."""
    found = _read_verb(words, at) or _read_sum(words, at)
    if found is None or read_number(words, at) == (found[0].value, found[1]):
        return None
    return found


def _read_sum(words: Words, at: int) -> _Found | None:
    return _read_chain(words, at, _SUM_SIGNS, _read_product)


def _read_product(words: Words, at: int) -> _Found | None:
    return _read_chain(words, at, _PRODUCT_SIGNS, _read_power)


def _read_chain(
    words: Words, at: int, signs: dict[str, str], operand: Callable[[Words, int], _Found | None]
) -> _Found | None:
    """Operands joined by `signs`, from left to right."""
    found = operand(words, at)
    while found is not None:
        left, at = found
        sign, after = _read_sign(words, at, signs)
        right = operand(words, after) if sign else None
        if right is None:
            break
        found = _apply(sign, left, right[0]), right[1]
    return found


def _read_sign(words: Words, at: int, signs: dict[str, str]) -> tuple[str, int]:
    for phrase, sign in signs.items():
        if after := starts_with(words, at, phrase):
            return sign, after
    return "", at


def _read_power(words: Words, at: int) -> _Found | None:
    """An operand with what follows it closely: a power, `squared`, `percent of`."""
    found = _read_operand(words, at)
    if found is None:
        return None
    value, at = found
    if at < len(words) and words[at] in SUFFIXES:
        power = Result(Fraction(SUFFIXES[words[at]]), words[at])
        return _power(value, power, f"{value.text} {words[at]}"), at + 1
    if after := starts_with(words, at, "percent of"):
        return _read_share(words, after, value, f"{value.text} percent of")
    if after := starts_with(words, at, "to the power of"):
        exponent = _read_operand(words, after)
        if exponent is not None:
            text = f"{value.text} to the power of {exponent[0].text}"
            return _power(value, exponent[0], text), exponent[1]
    return found


def _read_share(words: Words, at: int, percent: Result, text: str) -> _Found | None:
    whole = _read_power(words, at)
    if whole is None:
        return None
    share = _apply("times", Result(percent.value / 100, text, percent.exact), whole[0])
    return Result(share.value, f"{text} {whole[0].text}", share.exact, share.problem), whole[1]


def _read_operand(words: Words, at: int) -> _Found | None:
    """A number, a group in parentheses, a root, or a share such as `half of`."""
    number = read_number(words, at)
    if number is not None:
        return Result(number[0], say_number(number[0])[0]), number[1]
    if words[at : at + 1] and words[at] == "(":
        inner = _read_verb(words, at + 1) or _read_sum(words, at + 1)
        closed = inner and inner[1] < len(words) and words[inner[1]] == ")"
        return (_grouped(inner[0]), inner[1] + 1) if inner and closed else None
    for phrase in _ROOTS:
        if after := starts_with(words, at, phrase):
            inner = _read_power(words, after)
            return None if inner is None else (_root(inner[0]), inner[1])
    for phrase, divisor in _SHARES.items():
        if after := starts_with(words, at, phrase):
            return _read_share(words, after, Result(Fraction(100, divisor), ""), phrase)
    return None


def _grouped(inner: Result) -> Result:
    return replace(inner, text=f"({inner.text})")


def _read_verb(words: Words, at: int) -> _Found | None:
    """`add 5 and 7`, `subtract 3 from 10`."""
    if at >= len(words) or words[at] not in _VERBS:
        return None
    links, sign = _VERBS[words[at]]
    first = _read_operand(words, at + 1)
    if first is None or first[1] >= len(words) or words[first[1]] not in links:
        return None
    second = _read_operand(words, first[1] + 1)
    if second is None:
        return None
    pair = (second[0], first[0]) if sign == "minus" else (first[0], second[0])
    return _apply(sign, *pair), second[1]


def _apply(sign: str, left: Result, right: Result) -> Result:
    """One step of a calculation; the first problem is kept."""
    text = f"{left.text} {sign} {right.text}"
    exact = left.exact and right.exact
    problem = left.problem or right.problem
    if sign == "divided by" and right.value == 0:
        problem = problem or "zero"
    if problem:
        return Result(Fraction(0), text, exact, problem)
    value = {
        "plus": lambda: left.value + right.value,
        "minus": lambda: left.value - right.value,
        "times": lambda: left.value * right.value,
        "divided by": lambda: left.value / right.value,
    }[sign]()
    return Result(value, text, exact)


def _power(left: Result, right: Result, text: str) -> Result:
    problem = left.problem or right.problem
    size = log10(max(abs(left.value.numerator), left.value.denominator, 2))
    if right.value.denominator != 1:
        problem = problem or "power"
    elif abs(right.value) * size > _MAX_DIGITS:
        problem = problem or "large"
    elif left.value == 0 and right.value < 0:
        problem = problem or "zero"
    if problem:
        return Result(Fraction(0), text, problem=problem)
    return Result(left.value ** int(right.value), text, left.exact and right.exact)


def _root(inner: Result) -> Result:
    text = f"the square root of {inner.text}"
    if inner.problem or inner.value < 0:
        problem = inner.problem or "root"
        return Result(Fraction(0), text, problem=problem)
    value = inner.value
    exact = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    if exact * exact == value:
        return Result(exact, text, inner.exact)
    context = Context(prec=30)
    quotient = context.divide(Decimal(value.numerator), Decimal(value.denominator))
    return Result(Fraction(context.sqrt(quotient)), text, exact=False)
