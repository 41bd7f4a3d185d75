"""Voice activity: which sessions are speaking now, and where their speech began and ended."""

from streamtalk.proto import lean

__all__ = ["lean"]
