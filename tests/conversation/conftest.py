"""One stack with the default engines for a whole module."""

from tests.support.stack import stack

__all__ = ["stack"]
