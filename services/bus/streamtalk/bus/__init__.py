"""The forwarder that every frame and state passes through."""

from streamtalk.proto import lean

__all__ = ["lean"]
