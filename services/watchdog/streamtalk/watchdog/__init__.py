"""Finds processes that hang or crash again and again, and sets right which of them run."""

from streamtalk.proto import lean

__all__ = ["lean"]
