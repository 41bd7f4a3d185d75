"""Text to speech: pieces of answers become frames on the bus, by credit and with word marks."""

from streamtalk.proto import lean

__all__ = ["lean"]
