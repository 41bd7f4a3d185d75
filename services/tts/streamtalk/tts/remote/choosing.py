"""Which voice says a text: by its language, or by name."""

from streamtalk.proto.errors import ConfigError, LanguageError
from streamtalk.proto.synthesis import Voice
from streamtalk.tts.engine import Order
from streamtalk.tts.language import main_language, spans


class VoiceTable:
    """Voices by BCP 47 primary tag.

    Args:
        voices: Language and voice.
        speaks_all: Whether the first voice speaks what has none of its own.
        engine: Name for errors.
    """

    def __init__(self, voices: dict[str, str], engine: str, *, speaks_all: bool) -> None:
        if not voices or not all(voices.values()):
            raise ConfigError(f"tts.engines.{engine}.voices names no voice; write one a language")
        self._voices = voices
        self._engine = engine
        self._speaks_all = speaks_all

    def list(self) -> list[Voice]:
        """Each voice once, for the first language that names it."""
        first: dict[str, str] = {}
        for language, name in self._voices.items():
            first.setdefault(name, language)
        return [Voice(name=name, language=language) for name, language in first.items()]

    def choose(self, order: Order) -> tuple[str, str]:
        """(language, voice) for an order; raises LanguageError where there is none."""
        language = main_language(spans(order.text, self._expected(order)))
        if order.voice:
            return language, order.voice
        voice = self._voices.get(language)
        if voice is None and self._speaks_all:
            voice = next(iter(self._voices.values()))
        if voice is None:
            raise LanguageError(
                f"no voice for language {language!r}: name one in tts.engines.{self._engine}.voices"
            )
        return language, voice

    def _expected(self, order: Order) -> str:
        if not order.voice:
            return order.language
        found = [language for language, name in self._voices.items() if name == order.voice]
        if not found:
            raise LanguageError(
                f"tts.engines.{self._engine}.voices has no {order.voice!r}: add it there"
            )
        return found[0] if order.language == "auto" else order.language
