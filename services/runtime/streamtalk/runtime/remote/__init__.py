"""Servers that are asked over HTTP: addresses, keys, what an answer means, a thread that waits."""
