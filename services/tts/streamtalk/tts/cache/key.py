"""The name of a piece in the cache: a hash, so that no text can be read from the folder."""

import hashlib
import re
from typing import Final

import msgspec

from streamtalk.tts.engine import Order

FORMAT: Final = 2
"""Version of the entries; another one is another key, so that old entries are never read."""

KEY: Final = re.compile(r"[0-9a-f]{64}")
_ENCODER: Final = msgspec.msgpack.Encoder()


def piece_key(fingerprint: str, order: Order) -> str:
    """SHA-256, in hex, of all that decides the sound of a piece; its number in the answer does not.

    Args:
        fingerprint: That of the engine for this order: its name, model, settings and voice.
        order: Its text as the engine gets it, normalised.
    """
    parts = (FORMAT, fingerprint, order.voice, order.language, float(order.rate), order.text)
    return hashlib.sha256(_ENCODER.encode(parts)).hexdigest()
