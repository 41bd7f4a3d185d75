"""The life of a service, written once: configuration, logs, sockets, threads, probes, drain."""

from streamtalk.proto import lean

__all__ = ["lean"]
