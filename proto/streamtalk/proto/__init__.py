"""The wire: messages, topics, limits, errors, the codec. `proto/README.md` is the authority."""

from streamtalk.proto import lean

__all__ = ["lean"]
