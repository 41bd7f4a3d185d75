"""Which language a figure or a sign is to be said in."""

import re
from typing import Final

_HAN: Final = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORDS: Final = re.compile(rf"[{_HAN}]|[^\W\d_{_HAN}]+")
_HAN_FIRST: Final = re.compile(rf"[{_HAN}]")
_HAN_AFTER: Final = re.compile(rf"[\d.,:/%–~-]*\s?[{_HAN}]")
_LATIN_WORD: Final = re.compile("[A-Za-z]{4}")


class Routing:
    """The languages of one text, as far as this service has rules for them."""

    def __init__(self, text: str, language: str = "auto") -> None:
        self._text = text
        self._latin = "en" if language in {"auto", "zh"} else language
        self._has_han = _HAN_FIRST.search(text) is not None and language != "ja"
        self.main = self._main(language)
        """The language of most words; a Han character counts as one."""

    def at(self, place: int) -> str:
        """The language to say what stands at `place` in: that of the words it is tied to."""
        if not self._has_han:
            return self.main
        if _HAN_AFTER.match(self._text, place) or _HAN_FIRST.match(self._text, max(place - 1, 0)):
            return "zh"
        return self.main

    def _main(self, language: str) -> str:
        if language == "zh" and not self._has_han and _LATIN_WORD.search(self._text):
            # A Chinese conversation, but a piece of it in English.
            return "en"
        if language != "auto":
            return language
        if not self._has_han:
            return self._latin
        words = _WORDS.findall(self._text)
        han = sum(1 for word in words if _HAN_FIRST.match(word))
        return "zh" if 2 * han >= len(words) else self._latin
