"""JSGF text, as it comes in a request, made fit for the decoder."""

import hashlib
import re

_HEADER = re.compile(r"^\s*(#JSGF[^;]*;)?", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NO_WORDS = re.compile(r"<[^>]*>|\{[^}]*\}|/[\d.eE+-]+/|\b(?:grammar|import)\b[^;]*;|[^;=]*=")
_WORD = re.compile(r"[^\s|()\[\]*+;\"]+")


def fit(jsgf: str) -> str:
    """Without comments and in lower case, as the dictionary is; the header is kept as it was."""
    bare = _COMMENT.sub(" ", jsgf)
    header = _HEADER.match(bare)
    end = header.end() if header else 0
    return (bare[:end].strip() or "#JSGF V1.0;") + "\n" + bare[end:].lower()


def name_of(jsgf: str) -> str:
    """A name that only this text has."""
    return hashlib.blake2b(jsgf.encode(), digest_size=12).hexdigest()


def words_of(fitted: str) -> set[str]:
    """Every word that the rules of a grammar from `fit` can say."""
    header = _HEADER.match(fitted)
    rules = fitted[header.end() if header else 0 :]
    return set(_WORD.findall(_NO_WORDS.sub(" ", rules)))
