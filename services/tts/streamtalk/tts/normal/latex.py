"""Formulas in LaTeX as they are read out. Numbers stay digits, for the rules of the language."""

import re
from typing import Final

_TOKEN: Final = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|\S", re.DOTALL)
_WORDS: Final = {
    "en": {
        "+": "plus", "-": "minus", "=": "equals", "<": "is less than", ">": "is greater than",
        "*": "times", "/": "over", r"\times": "times", r"\cdot": "times", r"\div": "divided by",
        r"\pm": "plus or minus", r"\le": "is less than or equal to",
        r"\leq": "is less than or equal to", r"\ge": "is greater than or equal to",
        r"\geq": "is greater than or equal to", r"\ne": "is not equal to",
        r"\neq": "is not equal to", r"\approx": "is approximately", r"\infty": "infinity",
        r"\sum": "the sum", r"\int": "the integral", r"\prod": "the product", r"\to": "to",
        r"\rightarrow": "to", r"\in": "in", r"\partial": "partial", r"\nabla": "nabla",
        r"\lim": "the limit", r"\log": "log", r"\ln": "log", r"\sin": "sine", r"\cos": "cosine",
        r"\tan": "tangent", r"\ldots": "and so on", r"\dots": "and so on", r"\cdots": "and so on",
        r"\%": "percent", "!": "factorial", "'": "prime", r"\equiv": "is equivalent to",
        r"\forall": "for all", r"\exists": "there exists", r"\cup": "union",
        r"\cap": "intersection", r"\degree": "degrees",
    },
    "zh": {
        "+": "加", "-": "减", "=": "等于", "<": "小于", ">": "大于", "*": "乘", "/": "除以",
        r"\times": "乘", r"\cdot": "乘", r"\div": "除以", r"\pm": "加减", r"\le": "小于等于",
        r"\leq": "小于等于", r"\ge": "大于等于", r"\geq": "大于等于", r"\ne": "不等于",
        r"\neq": "不等于", r"\approx": "约等于", r"\infty": "无穷", r"\sum": "求和",
        r"\int": "积分", r"\prod": "连乘", r"\to": "趋于", r"\rightarrow": "趋于",
        r"\in": "属于", r"\lim": "极限", r"\log": "log", r"\ln": "ln", r"\sin": "sin",
        r"\cos": "cos", r"\tan": "tan", r"\ldots": "等等", r"\dots": "等等", r"\cdots": "等等",
        r"\%": "百分号", "!": "的阶乘", r"\partial": "偏", r"\forall": "任意",
        r"\exists": "存在", r"\cup": "并", r"\cap": "交", r"\equiv": "恒等于",
    },
}  # fmt: skip
_LIMITS: Final = frozenset({r"\sum", r"\int", r"\prod", r"\lim"})
_GREEK: Final = frozenset([
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
    "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi",
    "omega",
])  # fmt: skip
_POWERS: Final = {"en": {"2": "squared", "3": "cubed"}, "zh": {"2": "的平方", "3": "的立方"}}
_DEEPEST: Final = 20
Words = list[tuple[str, int]]


class _Formula:
    """Reads tokens from the left; a group in braces is read by a call of its own."""

    def __init__(self, text: str, language: str) -> None:
        self._tokens = [(found.group(), found.start()) for found in _TOKEN.finditer(text)]
        self._language = language if language == "zh" else "en"
        self._next = 0
        self._depth = 0
        self._after = ""

    def whole(self) -> Words:
        """Words of all of it; a brace that closes nothing is passed over."""
        words: Words = []
        while self._next < len(self._tokens):
            words += self.read()
            self._next += 1
        return words

    def read(self) -> Words:
        """Words up to the end of this group."""
        words: Words = []
        while self._next < len(self._tokens) and self._tokens[self._next][0] != "}":
            words += self._item()
        return words

    def _take(self) -> tuple[str, int]:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _argument(self) -> Words:
        """A group, or the one token that stands for it."""
        if self._next >= len(self._tokens):
            return []
        if self._tokens[self._next][0] != "{" or self._depth >= _DEEPEST:
            return self._item()
        self._next += 1
        self._depth += 1
        words = self.read()
        self._depth -= 1
        self._next += 1
        return words

    def _item(self) -> Words:
        text, at = self._take()
        if text in {r"\frac", r"\dfrac", r"\tfrac"}:
            return self._fraction(at)
        if text == r"\sqrt":
            return self._root(at)
        if text == "^":
            return self._power(at)
        if text == "_":
            return self._index(at)
        if text == "{":
            self._next -= 1
            return self._argument() if self._depth < _DEEPEST else self._skip()
        self._after = text
        return self._plain(text, at)

    def _skip(self) -> Words:
        self._next += 1
        return []

    def _plain(self, text: str, at: int) -> Words:
        known = _WORDS[self._language].get(text)
        if known is not None:
            return [(known, at)]
        if text.startswith("\\"):
            name = text[1:]
            return [(name, at)] if name.lower() in _GREEK else []
        return [(text, at)] if text.isalnum() else []

    def _fraction(self, at: int) -> Words:
        top, bottom = self._argument(), self._argument()
        if self._language == "zh":
            # Said bottom first; both keep the place of the fraction, for offsets never descend.
            return [(word, at) for word, _ in [*bottom, ("分之", at), *top]]
        return [*top, ("over", bottom[0][1] if bottom else at), *bottom]

    def _root(self, at: int) -> Words:
        name = "根号" if self._language == "zh" else "the square root of"
        return [(name, at), *self._argument()]

    def _power(self, at: int) -> Words:
        if self._after in _LIMITS:
            return [("到" if self._language == "zh" else "to", at), *self._argument()]
        exponent = self._argument()
        short = _POWERS[self._language].get("".join(word for word, _ in exponent))
        if short:
            return [(short, at)]
        if self._language == "zh":
            return [("的", at), *exponent, ("次方", exponent[-1][1] if exponent else at)]
        return [("to the power of", at), *exponent]

    def _index(self, at: int) -> Words:
        if self._after in _LIMITS:
            after = self._after
            words = [("从" if self._language == "zh" else "from", at), *self._argument()]
            self._after = after
            return words
        return [("下标" if self._language == "zh" else "sub", at), *self._argument()]


def formula(text: str, language: str) -> Words:
    """Words of a formula with their offsets in it."""
    return _Formula(text, language).whole()
