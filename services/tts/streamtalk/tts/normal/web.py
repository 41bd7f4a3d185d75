"""Addresses of pages, mail and people, and how they are read out."""

import re
from typing import Final

from streamtalk.tts.normal.located import Part, Said
from streamtalk.tts.normal.scanner import Match, Rule

_TLD: Final = (
    r"(?:com|org|net|edu|gov|io|ai|dev|app|info|co|uk|de|fr|eu|cn"
    r"|jp|tv|me|us|ca|au|ch|nl|it|es|xyz)"
)
_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\.){1,8}"
URL: Final = (
    r"(?:(?:https?|ftp)://|www\.)[^\s<>\"'`，。！？；：、（）《》\u4e00-\u9fff]*[\w/]"
    rf"|(?<![A-Za-z0-9_@.-]){_HOST}{_TLD}(?:/[^\s<>\"'`，。！？；：、（）《》\u4e00-\u9fff]*[\w/])?(?![A-Za-z0-9_-])"
)
EMAIL: Final = rf"[A-Za-z0-9._%+-]{{1,64}}@{_HOST}[A-Za-z]{{2,24}}(?![A-Za-z0-9_-])"
_SIGNS: Final = {
    "en": {
        ".": "dot", "/": "slash", "@": "at", "-": "dash", "_": "underscore", "+": "plus",
        "~": "tilde", ":": "colon", "?": "question mark", "=": "equals", "&": "and",
        "#": "hash", "%": "percent",
    },
    "zh": {
        ".": "点", "/": "斜杠", "@": "at", "-": "杠", "_": "下划线", "+": "加", "~": "波浪线",
        ":": "冒号", "?": "问号", "=": "等于", "&": "和", "#": "井号", "%": "百分号",
    },
}  # fmt: skip
_WORD: Final = re.compile(r"[A-Za-z]+|\d+|[^\W\d_A-Za-z]+|[^\s]")
_SPELLED: Final = frozenset([
    "www", "io", "ai", "uk", "us", "de", "fr", "eu", "cn", "jp", "tv", "ch", "nl", "html",
    "php", "pdf", "asp", "tld", "xml", "json", "css", "js",
])  # fmt: skip


def _word(text: str, language: str, digits: dict[str, str]) -> str:
    if text.isdecimal() and text.isascii():
        return "".join(digits[char] for char in text) if language == "zh" else _spaced(text, digits)
    if text.lower() in _SPELLED or (text.isupper() and len(text) > 1):
        return " ".join(text.upper())
    return text


def _spaced(text: str, digits: dict[str, str]) -> str:
    return " ".join(digits[char] for char in text)


def address(text: str, at: int, language: str) -> Said:
    """Every part of an address by its name; the protocol and a closing slash are left out."""
    language = language if language == "zh" else "en"
    begin = re.match(r"(?:https?|ftp)://", text)
    signs = _SIGNS[language]
    names = "零一二三四五六七八九" if language == "zh" else _ENGLISH
    digits = {str(value): name for value, name in enumerate(names)}
    start, end = (begin.end() if begin else 0), len(text.rstrip("/"))
    said: Said = []
    for found in _WORD.finditer(text, start, end):
        word = signs.get(found.group()) or _word(found.group(), language, digits)
        if found.group().isalnum() or found.group() in signs:
            said.append(Part(word, at + found.start()))
    return spaced(said) if language == "en" else said


_ENGLISH: Final = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
]  # fmt: skip


def spaced(said: Said) -> Said:
    """The same words with a space before each but the first."""
    return [Part((" " if index else "") + text, at) for index, (text, at) in enumerate(said)]


def address_rules(language: str) -> list[Rule]:
    """Rules for e-mail addresses, pages, `#tag` and `@name`."""
    tag = "话题" if language == "zh" else "hashtag "
    name = "" if language == "zh" else "at "

    def whole(match: Match) -> Said:
        return address(match[0], match.start(), language)

    def handle(match: Match) -> Said:
        word = " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\dA-Za-z_]+", match[2]))
        return [Part((tag if match[1] == "#" else name) + word, match.start())]

    return [
        Rule(EMAIL, whole),
        Rule(URL, whole),
        Rule(r"(?<![\w&])([\#@])([^\W\d]\w{0,63})", handle),
    ]
