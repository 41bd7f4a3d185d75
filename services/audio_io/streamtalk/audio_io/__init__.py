"""Sound devices as an edge of the conversation."""

from streamtalk.proto import lean

__all__ = ["lean"]
