"""From what a recogniser heard to what is written; the words keep their times."""

from dataclasses import replace
from typing import Final

import msgspec

from streamtalk.asr.engine import Heard
from streamtalk.asr.writing import numbers_en, numbers_zh
from streamtalk.asr.writing.characters import guess_language, is_chinese_tag, primary
from streamtalk.asr.writing.draft import Draft
from streamtalk.asr.writing.punctuation import punctuated
from streamtalk.asr.writing.script import Script, converted
from streamtalk.asr.writing.settling import settled
from streamtalk.asr.writing.spacing import spaced
from streamtalk.asr.writing.words import rewritten

_UNKNOWN: Final = frozenset({"", "auto", "und"})


class WritingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[asr.writing]` table."""

    script: Script = "simplified"
    """Of Chinese: `simplified`, `traditional` (as in Taiwan) or `as heard`. Needs
    streamtalk[zh]; without it only a recogniser that takes a prompt is told."""

    numbers: bool = True
    """Whether numbers that were said are written in figures where people do so."""


class Writer:
    """Writes Chinese and English; what is in another language stays as it was heard."""

    def __init__(self, config: WritingConfig) -> None:
        self._config = config

    def write(self, heard: Heard, *, final: bool = True) -> Heard:
        """The same, written; of a partial so much is stable as no later text can change."""
        if not heard.text:
            return heard
        language = primary(heard.language)
        is_guessed = language in _UNKNOWN
        if is_guessed:
            language = guess_language(heard.text)
        draft = self.draft(heard.text, language)
        stable = len(draft.text)
        if not final:
            end = 0 if is_guessed else settled(heard.text, heard.stable_chars)
            stable = _written(draft, end)
        elif heard.stable_chars < len(heard.text):
            stable = 0
        words = rewritten(heard.words, heard.text, draft) if heard.words else ()
        return replace(heard, text=draft.text, words=words, stable_chars=stable)

    def draft(self, text: str, language: str) -> Draft:
        """`text` rewritten, each character with its origin."""
        draft = Draft.of(text)
        is_chinese = is_chinese_tag(language)
        if not is_chinese and language != "en":
            return draft.stripped()
        draft = draft.redrawn(converted(text, self._config.script))
        if self._config.numbers:
            rules = numbers_zh if is_chinese else numbers_en
            draft = draft.edited(rules.edits(draft.text))
        return spaced(punctuated(draft, is_chinese=is_chinese)).stripped()


def _written(draft: Draft, end: int) -> int:
    """How many characters of `draft` came from the first `end` of what was heard."""
    count = 0
    for origin in draft.origins:
        if origin.end > end:
            break
        count += 1
    return len(draft.text[:count].rstrip())
