"""Giving memory back: when, and that the system gets it."""

import sys

import pytest

from streamtalk.runtime.memory import Trim, rss_mb, trim_memory

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


def test_memory_is_given_back_only_where_there_is_more_of_it() -> None:
    """A process that has not grown is left alone, and so is one that was just looked at."""
    trim = Trim(30 * SECOND_NS)
    assert trim.is_due(SECOND_NS)
    assert trim.is_worth(20.0)
    trim.done(19.0)
    assert not trim.is_due(30 * SECOND_NS)
    assert trim.is_due(31 * SECOND_NS)
    assert not trim.is_worth(19.2)
    assert trim.is_worth(19.5)


@pytest.mark.skipif(sys.platform != "linux", reason="the allocator of glibc")
def test_memory_that_is_free_goes_back_to_the_system() -> None:
    """Thousands of small objects, all but the last let go: the allocator would keep their room."""
    trim_memory()
    before_mb = rss_mb()
    kept = [bytearray(2_000) for _ in range(20_000)]
    grown_mb = rss_mb() - before_mb
    del kept[:-1]
    trim_memory()
    assert grown_mb > 20
    assert rss_mb() - before_mb < grown_mb / 4
