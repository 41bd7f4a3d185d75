"""Written text to spoken text: what a voice is to say, each character with its place in the original.

Pure, and the same for every engine. `normalise` is the way in; the other modules each know one kind of
writing: `markup`, `code`, `latex`, `numbers_en`, `dates_en`, `units_en`, and so on.
"""

from streamtalk.tts.normal.located import Normal
from streamtalk.tts.normal.normaliser import normalise

__all__ = ["Normal", "normalise"]
