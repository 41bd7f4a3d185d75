"""Fixtures of the tests of commands."""

from tests.support.stack import stack

__all__ = ["stack"]
