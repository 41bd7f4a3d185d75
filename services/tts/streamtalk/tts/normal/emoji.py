"""Pictures and faces, which nobody says."""

from typing import Final

EMOJI: Final = (
    "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\u200b-\u200f"
    "\ufe0e\ufe0f\u20e3\U000e0020-\U000e007f"
)
"""Inside of a character class: pictures, their joiners, selectors and tags."""

EMOTICON: Final = r"(?<![\w:;=])[:;=8]['’]?-?[)(DPp|/\\oO*3](?!\w)"
"""Faces made of punctuation, standing alone."""
