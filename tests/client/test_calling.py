"""Every call ends exactly once: by its reply, a refusal, a death, or its deadline."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import zmq

from streamtalk.client.caller import Caller
from streamtalk.client.peer import Peer
from streamtalk.client.sockets import CALL_MARK
from streamtalk.proto.directory import Directory, Lookup
from streamtalk.proto.errors import (
    DeadlineError,
    MalformedError,
    OverloadedError,
    PeerLostError,
    StreamTalkError,
)
from streamtalk.proto.message import Message, Ok, Refusal
from streamtalk.runtime.reactor import Reactor
from tests.client.instances import Instance, instance

pytestmark = pytest.mark.process

BUSY = Refusal(code="overloaded", message="32 calls are waiting", retryable=True)
ROUNDS = 100
FOUND = Directory(version=7, registry="r")


@pytest.fixture(name="context")
def _context() -> Iterator[zmq.Context[Any]]:
    with zmq.Context() as context:
        yield context


@pytest.fixture(name="one")
def _one(context: zmq.Context[Any], run_dir: Path) -> Iterator[Instance]:
    with instance(context, run_dir) as found:
        yield found


@pytest.fixture(name="peer")
def _peer(context: zmq.Context[Any], one: Instance) -> Iterator[Peer]:
    with Peer(context, one.endpoint) as found:
        yield found


def _answering(one: Instance, *parts: bytes | Message) -> threading.Thread:
    """Answer the next call from another thread."""

    def run() -> None:
        envelope, _, _ = one.take()
        one.answer(envelope, *parts)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_peer_returns_reply_and_payload(one: Instance, peer: Peer) -> None:
    """What the instance says comes back typed."""
    thread = _answering(one, FOUND, b"pcm")
    assert peer.call_full(Lookup(), Directory, 5.0) == (FOUND, b"pcm")
    thread.join()


def test_peer_raises_what_the_instance_refused_with(one: Instance, peer: Peer) -> None:
    """A refusal is the same error here as there."""
    thread = _answering(one, BUSY)
    with pytest.raises(OverloadedError, match="32 calls are waiting"):
        peer.call(Lookup(), Directory, 5.0)
    thread.join()


@pytest.mark.parametrize("answer", [Ok(), b"\xc1 no message"])
def test_peer_takes_no_other_answer(one: Instance, peer: Peer, answer: bytes | Message) -> None:
    """A reply of another type, or none at all, is an error of that instance."""
    thread = _answering(one, answer)
    with pytest.raises(MalformedError):
        peer.call(Lookup(), Directory, 5.0)
    thread.join()


def test_peer_ignores_the_answer_to_an_earlier_call(one: Instance, peer: Peer) -> None:
    """What comes after its deadline is not taken for the answer to the next call."""
    with pytest.raises(DeadlineError, match="in time"):
        peer.call(Lookup(), Directory, 0.05)
    late, _, _ = one.take()
    one.answer(late, Directory(version=1, registry="late"))
    thread = _answering(one, FOUND)
    assert peer.call(Lookup(), Directory, 5.0) == FOUND
    thread.join()


def test_peer_sees_a_death_before_the_deadline(one: Instance, peer: Peer) -> None:
    """An instance that goes while it holds the call fails it at once."""

    def die() -> None:
        one.take()
        one.close()

    thread = threading.Thread(target=die)
    thread.start()
    started_ns = time.monotonic_ns()
    with pytest.raises(PeerLostError, match="nobody answers"):
        peer.call(Lookup(), Directory, 60.0)
    thread.join()
    assert time.monotonic_ns() - started_ns < 30e9


@contextmanager
def _leaving(run_dir: Path) -> Iterator[tuple[str, threading.Event]]:
    """An instance that answers one call and is gone, over and over at the same endpoint."""
    ready = threading.Event()

    def run() -> None:
        for _ in range(ROUNDS):
            with zmq.Context() as context, instance(context, run_dir, "leaving") as one:
                ready.set()
                one.answer(one.take()[0], FOUND)
                one.close(last_words_ms=5_000)

    thread = threading.Thread(target=run)
    thread.start()
    yield f"ipc://{run_dir}/leaving.sock", ready
    thread.join()


def test_peer_hears_the_last_words(context: zmq.Context[Any], run_dir: Path) -> None:
    """What an instance answers before it leaves is its answer, and no loss."""
    with _leaving(run_dir) as (endpoint, ready):
        for _ in range(ROUNDS):
            assert ready.wait(10.0)
            ready.clear()
            with Peer(context, endpoint) as peer:
                assert peer.call(Lookup(), Directory, 10.0) == FOUND


def test_peer_finds_nobody_at_an_empty_place(context: zmq.Context[Any], run_dir: Path) -> None:
    """An endpoint where no one ever was is told apart from one that is slow."""
    with Peer(context, f"ipc://{run_dir}/nobody.sock") as peer, pytest.raises(PeerLostError):
        peer.call(Lookup(), Directory, 60.0)


def test_peer_reaches_an_instance_that_came_back(context: zmq.Context[Any], run_dir: Path) -> None:
    """After a loss the next call connects anew, and the lost one is not sent again."""
    endpoint = f"ipc://{run_dir}/back.sock"
    with Peer(context, endpoint) as peer:
        with pytest.raises(PeerLostError):
            peer.call(Lookup(), Directory, 10.0)
        with instance(context, run_dir, "back") as one:
            thread = _answering(one, FOUND)
            assert peer.call(Lookup(), Directory, 10.0) == FOUND
            thread.join()
            assert not one.is_called


def test_peer_that_nobody_reads_does_not_hold_its_caller_up(
    context: zmq.Context[Any], one: Instance
) -> None:
    """It is stopped: however many calls are given up, none waits past its deadline."""
    with Peer(context, one.endpoint) as peer:
        for _ in range(3 * CALL_MARK):
            with pytest.raises(DeadlineError):
                peer.call(Lookup(), Directory, 0.0, bytes(8_000))


def test_peer_that_was_closed_says_so(one: Instance, peer: Peer) -> None:
    """No socket is opened that nobody would close."""
    peer.close()
    with pytest.raises(PeerLostError, match="closed here"):
        peer.call(Lookup(), Directory, 1.0)


class Desk:
    """A caller in its loop, and what became of its calls."""

    def __init__(self, context: zmq.Context[Any]) -> None:
        self.reactor = Reactor()
        self.caller = Caller(context, self.reactor)
        self.done: list[Any] = []
        self.failed: list[StreamTalkError] = []
        self.lost: list[str] = []
        self.caller.on_lost = self.lost.append

    def call(self, endpoint: str, deadline_s: float = 60.0) -> None:
        """Call, and note how it ends."""
        self.caller.call(endpoint, Lookup(), deadline_s, self.done.append, self.failed.append)

    def run_until(self, holds: Callable[[], bool]) -> None:
        """Run the loop until something holds; 10 s at most."""
        give_up_ns = time.monotonic_ns() + 10_000_000_000

        def tick(now_ns: int) -> int:
            due_ns = self.caller.tick(now_ns) or give_up_ns
            if holds() or now_ns > give_up_ns:
                self.reactor.stop()
            return min(due_ns, now_ns + 5_000_000)

        self.reactor._running = True
        self.reactor.run(tick)
        assert holds()

    @property
    def ended(self) -> int:
        """Calls that have ended."""
        return len(self.done) + len(self.failed)


@pytest.fixture(name="desk")
def _desk(context: zmq.Context[Any]) -> Iterator[Desk]:
    desk = Desk(context)
    yield desk
    desk.caller.close()
    desk.reactor.close()


def _note(order: list[int], number: int, reply: object) -> None:
    order.append(number)


def test_caller_keeps_many_calls_apart(one: Instance, desk: Desk) -> None:
    """Answers in another order than the calls reach those who asked."""
    order: list[int] = []
    for number in range(3):
        done = partial(_note, order, number)
        desk.caller.call(one.endpoint, Lookup(), 60.0, done, desk.failed.append)
    taken = [one.take()[0] for _ in range(3)]
    for envelope in reversed(taken):
        one.answer(envelope, FOUND)
    desk.run_until(lambda: len(order) == 3)
    assert (order, desk.failed) == ([2, 1, 0], [])


def test_caller_maps_a_refusal(one: Instance, desk: Desk) -> None:
    """A refusal fails the call with the error that it names."""
    desk.call(one.endpoint)
    one.answer(one.take()[0], BUSY)
    desk.run_until(lambda: desk.ended == 1)
    assert isinstance(desk.failed[0], OverloadedError)


@pytest.mark.parametrize("answer", [Ok(), Lookup(), b"\xc1"])
def test_caller_takes_no_other_answer(one: Instance, desk: Desk, answer: bytes | Message) -> None:
    """A reply that the request does not have fails the call, and its callback never sees it."""
    desk.call(one.endpoint)
    one.answer(one.take()[0], answer)
    desk.run_until(lambda: desk.ended == 1)
    assert (desk.done, type(desk.failed[0])) == ([], MalformedError)


def test_caller_fails_at_the_deadline_once(one: Instance, desk: Desk) -> None:
    """An answer after the deadline changes nothing any more."""
    desk.call(one.endpoint, 0.05)
    desk.run_until(lambda: desk.ended == 1)
    one.answer(one.take()[0], FOUND)
    desk.call(one.endpoint)
    one.answer(one.take()[0], FOUND)
    desk.run_until(lambda: desk.ended == 2)
    assert isinstance(desk.failed[0], DeadlineError)
    assert desk.done == [FOUND]


def test_caller_fails_every_call_of_a_dead_instance(one: Instance, desk: Desk) -> None:
    """All that it held fails at once, then the owner is told, and others go on."""
    for _ in range(3):
        desk.call(one.endpoint)
    for _ in range(3):
        one.take()
    one.close()
    desk.run_until(lambda: desk.lost != [])
    assert [type(error) for error in desk.failed] == [PeerLostError] * 3
    assert desk.lost == [one.endpoint]


def test_caller_hears_the_last_words(run_dir: Path, desk: Desk) -> None:
    """What an instance answers before it leaves is its answer; then it is lost."""
    with _leaving(run_dir) as (endpoint, ready):
        for number in range(1, ROUNDS + 1):
            assert ready.wait(10.0)
            ready.clear()
            desk.call(endpoint)
            desk.run_until(partial(lambda number: len(desk.lost) == number, number))
    assert desk.done == [FOUND] * ROUNDS


def test_caller_reaches_an_instance_that_came_back(
    context: zmq.Context[Any], run_dir: Path, desk: Desk
) -> None:
    """After a loss the next call connects anew."""
    with instance(context, run_dir, "back") as first:
        desk.call(first.endpoint)
        first.take()
    desk.run_until(lambda: desk.ended == 1)
    with instance(context, run_dir, "back") as second:
        desk.call(second.endpoint)
        second.answer(second.take()[0], FOUND)
        desk.run_until(lambda: desk.ended == 2)
    assert desk.done == [FOUND]


@pytest.mark.parametrize("endpoint", ["", "nonsense", "ipc://", "tcp://nowhere"])
def test_caller_survives_an_endpoint_that_is_none(desk: Desk, endpoint: str) -> None:
    """What a peer claims to be an address fails the call and leaves no socket behind."""
    desk.call(endpoint, 0.2)
    desk.run_until(lambda: desk.ended == 1)
    assert isinstance(desk.failed[0], (PeerLostError, DeadlineError))


def test_caller_closes_lines_that_nobody_needs(
    context: zmq.Context[Any], run_dir: Path, one: Instance, desk: Desk
) -> None:
    """The line of a pending call stays until the call has ended."""
    with instance(context, run_dir, "other") as other:
        desk.call(one.endpoint)
        desk.call(other.endpoint)
        other.answer(other.take()[0], FOUND)
        desk.run_until(lambda: desk.ended == 1)
        desk.caller.forget(set())
        assert list(desk.caller._lines) == [one.endpoint]
        one.answer(one.take()[0], FOUND)
        desk.run_until(lambda: desk.ended == 2)
