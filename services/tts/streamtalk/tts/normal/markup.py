"""Markdown, HTML and formulas: what is only there for the eye is left out, the words stay.

Rows of a table are said one after the other, their cells with a pause between; a block of code is
only named; code within a line is read.
"""

import html
import re
from typing import Final

from streamtalk.tts.normal import code, latex
from streamtalk.tts.normal.emoji import EMOJI, EMOTICON
from streamtalk.tts.normal.located import Normal, Part, Said, unchanged
from streamtalk.tts.normal.scanner import Keep, Match, Rule, RuleSet, rewrite
from streamtalk.tts.normal.web import EMAIL, URL

_TRIGGER: Final = re.compile(
    rf"[`~*_\#>|\[\]!<&$\\+\n\-\u2022:;=@\t\r\x00-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029\u202a-\u202e"
    rf"\u2060-\u206f\ufeff\ufffc{EMOJI}]|https?:|ftp:|www\.|(?<![\w.@-])[\w.%+-]+(?=[.@]\w)"
)
_LINE_START: Final = (
    r"(?:(?<![^\n])|(?<=\n[ \t])|(?<=\n[ \t][ \t])|(?<=\n[ \t]{3})|(?<=\n[ \t]{4}))"
)
_SHORTEST_MATH: Final = 1
_UNSAID: Final = re.compile(rf"[{EMOJI}\ud800-\udfff]")


def _nothing(_match: Match) -> Said:
    return []


def _blank(match: Match) -> str:
    return "\n" if "\n" in match[0] else " "


def _moved(words: list[tuple[str, int]], by: int) -> Said:
    """Words of an inner text with spaces between, at their places in the outer one."""
    said: Said = []
    for word, at in words:
        spaced = said and not (word[0] >= "\u2e80" and said[-1].text[-1] >= "\u2e80")
        said.append(Part(f" {word}" if spaced else word, by + at))
    return said


def _same(_match: Match) -> Keep:
    return Keep.KEEP


def _escaped(match: Match) -> str:
    return match[1]


def _entity(match: Match) -> str | None:
    char = html.unescape(match[0])
    if char == match[0]:
        return None
    return char if char.isprintable() and not _UNSAID.match(char) else " "


def _in_line(match: Match) -> bool:
    """Whether something that can be said stands before the match in its line."""
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    return bool(line.strip(" \t>"))


def _bullet(match: Match) -> Said | None:
    return None if _in_line(match) else []


def _row_end(match: Match) -> Said | None:
    """The end of a line that is a table's row, a heading or an item of a list is a pause."""
    text = match.string
    begin = text.rfind("\n", 0, match.start()) + 1
    line = text[begin : match.start()].rstrip()
    is_own = re.match(r"[ \t]*(?:[|#>]|[*+\-•][ \t]|\d{1,3}[.)][ \t])", line)
    last = line.rstrip("*_` |#)\"'”’")[-1:]
    if not is_own or not last.isalnum():
        return None
    return [Part(("。" if last >= "\u2e80" else ".") + "\n", match.start())]


def _cell(match: Match) -> Said | None:
    """The bar between two cells; bars that open or close a row say nothing."""
    text = match.string
    begin = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.start())
    before, after = text[begin : match.start()], text[match.end() : end if end >= 0 else None]
    if not before.lstrip().startswith("|") or not before.strip(" |") or not after.strip(" |"):
        return [Part(" ", match.start())]
    said = before.rstrip(" *_`")[-1:]
    if not said.isalnum() and said not in ")]}%°":
        return [Part(" ", match.start())]
    return [Part("，" if said >= "\u2e80" else ", ", match.start())]


class Markup:
    """The rules for texts whose main language is this one."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._blocks = RuleSet(self._block_rules(), re.MULTILINE | re.DOTALL)
        self._inline = RuleSet(self._inline_rules())

    def strip(self, text: str) -> Normal:
        """The text without its markup; control characters and halves of pairs become spaces."""
        source = unchanged(text)
        return rewrite(source, _TRIGGER, self._at)

    def _at(self, text: str, place: int) -> RuleSet:
        return self._blocks if text[place] in "`~$\\" else self._inline

    def _block_rules(self) -> list[Rule]:
        rules = [
            Rule(
                rf"{_LINE_START}(`{{3,}}|~{{3,}})([^\n`]*)"
                r"(?:\n(.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)|\Z)",
                self._fence,
            ),
            Rule(r"`{3,}([^`\n]{1,1000})`{3,}", self._code),
            Rule(r"``(?!`)(.{1,1000}?)``", self._code),
            Rule(r"`([^`\n]{1,1000})`", self._code),
            Rule(r"\$\$(.{1,1000}?)\$\$", self._formula),
            Rule(r"\\\[(.{1,1000}?)\\\]", self._formula),
            Rule(r"\\\((.{1,1000}?)\\\)", self._formula),
            Rule(r"\$(?![\s$])([^$\n]{1,400}?)(?<![\s\\])\$(?!\d)", self._dollars),
        ]
        return [*rules, *self._inline_rules()]

    def _inline_rules(self) -> list[Rule]:
        return [
            Rule(rf"(?:{EMAIL}|{URL})", _same),
            Rule(r"\\([\\`*_{}\[\]()\#+\-.!|$~>])", _escaped),
            Rule(r"!?\[(?=[^\]\n]{0,400}\]\()", _nothing),
            Rule(r"\[\^?\d{1,3}\](?!\()", _nothing),
            Rule(r"\[[ xX]\]\s", _nothing),
            Rule(r"\]\([^)\s]*(?:\s\"[^\"]*\")?\)", _nothing),
            Rule(r"[\[\]]", lambda _: " "),
            Rule(r"<br\s?/?>", lambda _: "\n"),
            Rule(r"<(?=(?:https?|mailto|www))", _nothing),
            Rule(r"(?<=[\w/])>(?![\s=]*\d)", _nothing),
            Rule(r"</?[A-Za-z][^<>\n]{0,200}>|<!--.{0,400}?-->", _nothing),
            Rule(r"&(?:[a-zA-Z]{2,8}|\#\d{2,6});", _entity),
            Rule(r"(?:-{3,}|\*{3,}|_{3,}|={3,})(?=[ \t]*(?:\n|$))", _bullet),
            Rule(
                r"\|?[ \t]*:?-{2,}:?[ \t]*(?:\|[ \t]*:?-{2,}:?[ \t]*)*\|?(?=[ \t]*(?:\n|$))",
                _bullet,
            ),
            Rule(r"(?:[*+\-•]|\#{1,6}|>+)[ \t]+", _bullet),
            Rule(r"[ \t]*\n", _row_end),
            Rule(r"\|", _cell),
            Rule(r"•", lambda _: " "),
            Rule(EMOTICON, _nothing),
            Rule(r"(?<![\d*])\*{2,}(?=[^\s*])|(?<=[^\s*])\*{2,}(?![\d*])", _nothing),
            Rule(r"(?<![\d\s])\*+|\*+(?![\d\s*])", _nothing),
            Rule(r"(?<!\w)_+|_+(?!\w)", _nothing),
            Rule(r"`+|~~", _nothing),
            Rule(rf"[{EMOJI}]+", lambda _: " "),
            Rule(r"[\t\r\x00-\x08\x0b-\x1f\x7f-\xa0\ud800-\udfff\u2028\u2029]+", _blank),
            Rule(r"[\u202a-\u202e\u2060-\u206f\ufeff\ufffc]+", _nothing),
        ]

    def _fence(self, match: Match) -> str:
        return f" {code.block(match[2], self._language)} "

    def _code(self, match: Match) -> Said:
        return _moved(code.inline(match[1], self._language), match.start(1))

    def _formula(self, match: Match) -> Said:
        return _moved(latex.formula(match[1], self._language), match.start(1))

    def _dollars(self, match: Match) -> Said | None:
        """Between dollar signs stands a formula only if it looks like one."""
        inner = match[1]
        if len(inner) > _SHORTEST_MATH and not re.search(r"[\\^_=+<>{}]", inner):
            return None
        return self._formula(match)
