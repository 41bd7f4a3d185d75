"""The conversation: whose turn it is, what to answer, and what of it was heard."""

from streamtalk.proto import lean

__all__ = ["lean"]
