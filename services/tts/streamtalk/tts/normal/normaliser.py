"""From a piece as the orchestrator orders it to what a voice is given."""

import functools
import re
from typing import Final

from streamtalk.tts.normal import chinese, english
from streamtalk.tts.normal.figures import plain_figures
from streamtalk.tts.normal.located import Normal
from streamtalk.tts.normal.markup import Markup
from streamtalk.tts.normal.routing import Routing
from streamtalk.tts.normal.scanner import RuleSet, rewrite

_TRIGGER: Final = re.compile(
    r"[0-9]+"
    r"|(?<![A-Za-z])(?:[A-Z]|[a-z][a-z0-9]*(?=[.@:/+_-])|[vw][0-9/])"
    r"|[-−–—+$€£¥￥₹₩(²³½⅓⅔¼¾⅛⅜⅝⅞'’#@&~～≈<≤>≥!≠±=×*÷°√→⇒©®™/_^\\{}]"
    r"|(?<=[0-9)）]) ?[xX](?= ?[0-9])| (?=[=+×*÷<>≤≥≠≈±→⇒−!-])"
)
_RULES: Final = {"en": english.rules_at, "zh": chinese.rules_at}


@functools.cache
def _markup(language: str) -> Markup:
    return Markup(language)


def normalise(text: str, language: str = "auto") -> Normal:
    """What is to be said of `text`, every code point with its offset in it.

    Args:
        text: One piece of an answer, with whatever a language model writes.
        language: BCP 47 primary tag, or `auto`. English and Chinese are written out; of other
            languages only the markup is taken away, and the voice reads their figures.
    """
    figures = plain_figures(text)
    if figures is None:
        return _said(text, language)
    said = _said(figures.text, language)
    return Normal(said.text, tuple(figures.origin[at] for at in said.origin))


def _said(text: str, language: str) -> Normal:
    language = language.partition("-")[0]
    main = Routing(text, language).main
    plain = _markup(main if main in _RULES else "en").strip(text)
    routing = Routing(plain.text, language)

    def choose(text: str, place: int) -> RuleSet | None:
        rules = _RULES.get(routing.at(place))
        return rules(text[place]) if rules else None

    said = rewrite(plain, _TRIGGER, choose)
    return Normal(said.text, said.origin)


def warm_up() -> None:
    """Import and compile what the first piece would otherwise wait for, about 150 ms."""
    normalise("**Ready** at 2, $x^2$.")
    normalise("准备好了2次。")
