"""English short forms: written-out abbreviations, spelled and spoken acronyms, Roman numerals."""

import re
from typing import Final

from streamtalk.tts.normal.located import Part, Said
from streamtalk.tts.normal.numbers_en import cardinal, ordinal
from streamtalk.tts.normal.scanner import Match, Rule
from streamtalk.tts.normal.web import spaced

_DOTTED: Final = {
    "mr": "Mister", "mrs": "Missus", "ms": "Miz", "dr": "Doctor", "prof": "Professor",
    "jr": "Junior", "sr": "Senior", "vs": "versus", "etc": "et cetera", "approx": "approximately",
    "dept": "department", "est": "established", "fig": "figure", "gen": "General",
    "gov": "Governor", "inc": "Incorporated", "ltd": "Limited", "corp": "Corporation",
    "co": "Company", "rev": "Reverend", "sen": "Senator", "rep": "Representative",
    "capt": "Captain", "col": "Colonel", "sgt": "Sergeant", "lt": "Lieutenant", "vol": "volume",
    "no": "number", "nos": "numbers", "pp": "pages", "p": "page", "ch": "chapter",
    "ave": "Avenue", "blvd": "Boulevard", "mt": "Mount", "sec": "section", "min": "minimum",
    "max": "maximum", "avg": "average", "incl": "including", "tel": "telephone",
}  # fmt: skip
_BEFORE_NUMBER: Final = frozenset(["no", "nos", "p", "pp", "ch", "fig", "vol", "sec"])
_BEFORE_NAME: Final = frozenset([
    "prof", "gen", "gov", "rev", "sen", "rep", "capt", "col", "sgt", "lt", "mt",
])  # fmt: skip
_LETTERED: Final = {
    "e.g.": "for example", "i.e.": "that is", "a.m.": "A M", "p.m.": "P M", "ph.d.": "P H D",
    "et al.": "and others", "c.f.": "compare", "cf.": "compare", "p.s.": "P S",
}  # fmt: skip
_WORDS: Final = frozenset([
    "NASA", "NATO", "UNESCO", "UNICEF", "OPEC", "ASAP", "RAM", "ROM", "PIN", "LASER",
    "RADAR", "GIF", "JPEG", "SCUBA", "COVID", "AIDS", "FIFA", "NAFTA", "ASEAN", "JSON",
    "YAML", "TOML", "BERT", "CUDA", "LAN", "WAN", "SIM", "VRAM", "DRAM", "SWAT", "AWOL",
    "OSHA", "FEMA", "YOLO",
])  # fmt: skip
"""Acronyms that are read as words."""

_SHOUTED: Final = frozenset([
    "A", "I", "O", "AM", "AN", "AND", "ARE", "AS", "AT", "BE", "BUT", "BY", "CAN", "DO",
    "FOR", "GO", "HAS", "HAVE", "HE", "HOW", "IF", "IN", "IS", "IT", "ITS", "ME", "MY",
    "NEVER", "NO", "NOT", "NOW", "OF", "OK", "ON", "OR", "OUR", "OUT", "SEE", "SHE", "SO",
    "STOP", "THAT", "THE", "THEN", "THEY", "THIS", "TO", "UP", "USE", "WAS", "WE", "WHAT",
    "WHEN", "WHY", "WILL", "WITH", "YES", "YOU", "YOUR", "ALL", "ALWAYS", "ANY", "GET",
    "GOOD", "ONE", "TWO", "MUST", "VERY", "WARNING", "NOTE", "TIP", "DONE", "ALSO", "ONLY",
    "ERROR", "STEP", "READ", "THESE", "WAIT", "HELP", "LOVE", "GREAT", "HELLO", "HI", "HEY",
    "OH", "WOW", "BAD", "BIG", "NEW", "OLD", "TOO",
])  # fmt: skip
_MIXED: Final = {"PhD": "P H D", "MHz": "megahertz", "GHz": "gigahertz", "kHz": "kilohertz"}
_LONGEST_SPELLED: Final = 5
_ROMAN: Final = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_NUMBERED: Final = (
    r"Chapter|Part|Section|Volume|Book|Act|Scene|World\sWar|Phase|Type|Level|Stage|Appendix|Class"
    r"|Title|Article|Super\sBowl|Episode|Mark|Grade"
)
_KINGS: Final = (
    r"Henry|Louis|Charles|George|Edward|Richard|James|William|Elizabeth|Napoleon|Pope\s[A-Z][a-z]+"
    r"|Paul|Pius|Benedict|Gregory|Philip|Peter|Catherine|Frederick|Wilhelm|Nicholas|Alexander|Ivan"
)


def roman(text: str) -> int | None:
    """Value of a Roman numeral below 90; None where it is not written as one."""
    if not re.fullmatch(r"(?:X[XV]{0,3}|XL|LX{0,3}|X{0,3})(?:IX|IV|V?I{0,3})", text) or not text:
        return None
    values = [_ROMAN[char] for char in text]
    after = [*values[1:], 0]
    return sum(-one if one < two else one for one, two in zip(values, after, strict=True))


def spelled(text: str) -> str:
    """Letters one by one, as they are said."""
    return " ".join(text)


def _dotted(match: Match) -> str | None:
    word = match[1].lower()
    said = _DOTTED.get(word)
    after = match.string[match.end() : match.end() + 2].lstrip()
    if said is None or (word in _BEFORE_NUMBER and not after[:1].isdecimal()):
        return None
    if word in _BEFORE_NAME and not after[:1].isupper():
        return None
    if word in {"min", "max", "sec", "co", "est", "avg"} and not after[:1].isalnum():
        return None
    # A dot that also ends the sentence is still said as its pause.
    ends = not after or match.string[match.end() : match.end() + 1] == "\n"
    return said + ("." if ends else "")


def _lettered(match: Match) -> str | None:
    said = _LETTERED.get(match[0].lower())
    if said is None:
        return None
    return said + ("." if not match.string[match.end() :].strip() else "")


def _initials(match: Match) -> str:
    ends = not match.string[match.end() :].strip()
    return spelled(match[0].replace(".", "")) + ("." if ends else "")


def _saint(match: Match) -> str:
    after = match.string[match.end() : match.end() + 2].lstrip()
    return "Saint" if after[:1].isupper() else "Street"


def _acronym(match: Match) -> str | None:
    word, plural = match[1], match[2] or ""
    if word in _WORDS or word in _SHOUTED:
        said = word
    elif len(word) > _LONGEST_SPELLED or _is_shouting(match):
        return None
    else:
        said = spelled(word)
    return said + (f"'{plural}" if plural else "")


def _is_shouting(match: Match) -> bool:
    """Whether the words around are in capitals too, so that this one is no acronym."""
    around = match.string[max(0, match.start() - 24) : match.end() + 24]
    words = re.findall(r"[A-Za-z]{2,}", around)
    return len(words) > 2 and all(word.isupper() for word in words)  # noqa: PLR2004


def _numbered(match: Match) -> Said | None:
    value = roman(match[2])
    if value is None:
        return None
    return spaced([Part(match[1], match.start()), Part(cardinal(str(value)), match.start(2))])


def _king(match: Match) -> Said | None:
    value = roman(match[2])
    if value is None:
        return None
    said = f"the {ordinal(str(value))}"
    return spaced([Part(match[1], match.start()), Part(said, match.start(2))])


LETTER_RULES: Final = [
    Rule(
        r"(?:[Ee]\.g\.|[Ii]\.e\.|[AaPp]\.[Mm]\.|Ph\.D\.|[Ee]t\sal\.|[Cc]\.?f\.|P\.S\.)", _lettered
    ),
    Rule(rf"({_NUMBERED})\s([IVXL]{{1,6}})\b(?!')", _numbered),
    Rule(rf"({_KINGS})\s([IVXL]{{1,6}})\b(?!['.]\w)", _king),
    Rule(r"St\.", _saint),
    Rule(r"([A-Za-z]{1,6})\.", _dotted),
    Rule(r"(?:[A-Z]\.){2,6}", _initials),
    Rule(r"(PhD|[MGk]Hz)\b", lambda m: _MIXED[m[1]]),
    Rule(r"([A-Z]{2,})(s)?(?![A-Za-z])(?:-(?=\d))?", _acronym),
    Rule(r"w/o\b", lambda _: "without"),
    Rule(r"w/(?=\s)", lambda _: "with"),
    Rule(r"([A-Za-z]{2,})-(?=\d)", lambda m: None if m[1].isupper() else m[1] + " "),
]
