"""The `asr` service: audio to text."""

from streamtalk.proto import lean

__all__ = ["lean"]
