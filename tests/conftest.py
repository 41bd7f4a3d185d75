"""Fixtures of every test, and the rule that no test leaves anything behind."""

import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psutil
import pytest
import zmq

from tests.support.lanes import LANES, lanes_of
from tests.support.leaks import Leaks

hypothesis.settings.register_profile(
    "house", deadline=None, database=None, print_blob=True, max_examples=100
)
hypothesis.settings.load_profile("house")


_CONTEXTS: weakref.WeakSet[zmq.Context[Any]] = weakref.WeakSet()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--lane NAME` runs the tests of one lane."""
    parser.addoption("--lane", choices=sorted(LANES), help="run the tests of this lane only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another lane runs."""
    lane = config.getoption("--lane")
    if lane is None:
        return
    others = [item for item in items if lane not in _lanes(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if lane in _lanes(item)]


def _lanes(item: pytest.Item) -> list[str]:
    return lanes_of(item.path, (mark.name for mark in item.iter_markers()))


def pytest_configure() -> None:
    """Remember every ZeroMQ context that is made from now on."""
    original = zmq.Context.__init__

    def remember(self: zmq.Context[Any], *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        original(self, *args, **kwargs)
        _CONTEXTS.add(self)

    zmq.Context.__init__ = remember  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _leaves_nothing() -> Iterator[None]:
    """Fail a test that leaves a socket, a context, a process or a thread behind."""
    leaks = Leaks(_CONTEXTS, threading.enumerate, psutil.Process().children)
    yield
    found = leaks.after()
    if found:
        pytest.fail("left behind: " + "; ".join(found), pytrace=False)


@pytest.fixture
def run_dir() -> Iterator[Path]:
    """A private directory whose path is short enough for sockets, gone after the test."""
    path = Path(tempfile.mkdtemp(prefix="st-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
