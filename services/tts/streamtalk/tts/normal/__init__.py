"""Written text to spoken text, each character with its place in the original.

Pure, and the same for every engine. `normalise` is the way in: `markup` takes away what is only for
the eye, then `english` and `chinese` say figures and signs, each where `routing` says so.
"""

from streamtalk.tts.normal.located import Normal
from streamtalk.tts.normal.normaliser import normalise, warm_up

__all__ = ["Normal", "normalise", "warm_up"]
