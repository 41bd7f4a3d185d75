"""The directory of instances, and the record of which are active."""

from streamtalk.proto import lean

__all__ = ["lean"]
