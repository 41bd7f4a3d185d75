"""Classes of characters that the rules of writing speak of, as parts of regular expressions."""

import re
from typing import Final

HAN: Final = r"\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
WIDE: Final = "，。！？；：、（）《》〈〉「」『』【】“”‘’…—"
"""Punctuation of Chinese; the quotation marks are Latin's too."""

_HAN: Final = re.compile(f"[{HAN}]")
_KANA_OR_HANGUL: Final = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u1100-\u11ff]")
_CHINESE_TAGS: Final = frozenset({"zh", "yue", "cmn", "wuu", "nan"})


def primary(language: str) -> str:
    """`zh` of `zh-Hans-CN`."""
    return language.replace("_", "-").partition("-")[0].lower()


def is_chinese_tag(language: str) -> bool:
    """Whether a BCP 47 tag names a Chinese language."""
    return primary(language) in _CHINESE_TAGS


def has_han(text: str) -> bool:
    """Whether any character is Chinese."""
    return _HAN.search(text) is not None


def guess_language(text: str) -> str:
    """`zh`, `ja`, `ko` or `en` by the script alone; `und` for any other one, or none."""
    if kana := _KANA_OR_HANGUL.search(text):
        return "ko" if kana.group() >= "\uac00" or kana.group() < "\u3040" else "ja"
    if has_han(text):
        return "zh"
    letters = [char for char in text if char.isalpha()]
    return "en" if letters and all(char.isascii() for char in letters) else "und"
