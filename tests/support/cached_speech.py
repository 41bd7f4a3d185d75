"""What lies in the cache of speech, read whole."""

import numpy as np

from streamtalk.tts.cache.entry import Entry, Piece
from streamtalk.tts.cache.store import PieceStore


def whole(entry: Entry) -> Piece:
    """All of an entry, which is closed; raises CorruptEntryError where its rest is damaged."""
    with entry:
        return Piece(np.concatenate((entry.opening, entry.rest())), entry.made)


def read(store: PieceStore, key: str) -> Piece | None:
    """All of an entry of the store, if it is there."""
    entry = store.open(key)
    return None if entry is None else whole(entry)
