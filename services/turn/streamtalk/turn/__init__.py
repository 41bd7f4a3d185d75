"""Has the person finished? Judged from the words, the silence, or the sound, as the engine can."""

from streamtalk.proto import lean

__all__ = ["lean"]
