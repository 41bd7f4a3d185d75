"""The progress of a real voice, as a program sees it that has only ZeroMQ and MessagePack."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import msgpack
import pytest
import zmq

from tests.tts.conftest import Voice

pytestmark = pytest.mark.process

StartVoice = Callable[..., Voice]
Map = dict[str, Any]
TEXT = "Good morning. It is going to be a fine day, with a little wind in the afternoon."


class Follower:
    """A DEALER for orders and a SUB for what is told of them."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self.calls: zmq.Socket[bytes] = voice.context.socket(zmq.DEALER)
        self.calls.connect(voice.endpoint)
        self.bus: zmq.Socket[bytes] = voice.context.socket(zmq.SUB)
        self.bus.setsockopt(zmq.SUBSCRIBE, b"v1.state.synthesis.s.")
        self.bus.connect(voice.run_dir.bus_out)
        self.replies: list[Map] = []

    def close(self) -> None:
        """Close both sockets."""
        self.calls.close(linger=0)
        self.bus.close(linger=0)

    def ask(self, kind: str, **fields: object) -> None:
        """Send a request; its reply comes into `replies`."""
        request = {"v": 1, "type": kind, "session": "s", "answer": "a", **fields}
        self.calls.send_multipart([b"", msgpack.packb(request)])

    def speak(self, text: str, **fields: object) -> None:
        """Order a piece with progress."""
        self.ask("speak", piece=0, text=text, progress=True, credit_samples=1 << 40, **fields)

    def states(self) -> Iterator[Map]:
        """What is published of answers that were asked for, until nothing more is."""
        poller = zmq.Poller()
        for socket in (self.calls, self.bus):
            poller.register(socket, zmq.POLLIN)
        while found := dict(poller.poll(5_000)):
            if self.calls in found:
                self.replies.append(msgpack.unpackb(self.calls.recv_multipart()[-1]))
            if self.bus in found:
                topic, header, payload = self.bus.recv_multipart()
                assert (topic, payload) == (b"v1.state.synthesis.s.", b"")
                state = msgpack.unpackb(header)
                if state["answer"] != "probe":
                    yield state
        pytest.fail("no further state came")

    @property
    def spoken(self) -> Map | None:
        """The reply to the order of answer `a`, once it has come."""
        told = (r for r in self.replies if r["type"] == "spoken" and r["answer"] == "a")
        return next(told, None)

    def until(self, holds: Callable[[Map], bool]) -> list[Map]:
        """The states up to the first for which that holds."""
        found = []
        for state in self.states():
            found.append(state)
            if holds(state):
                return found
        raise AssertionError


@pytest.fixture
def follow(start_voice: StartVoice) -> Iterator[Callable[..., Follower]]:
    """Starts a voice and follows it, from when the bus carries what it tells."""
    opened: list[Follower] = []

    def start(**settings: str) -> Follower:
        follower = Follower(start_voice(**settings))
        opened.append(follower)
        # The subscription has arrived when an order that says nothing is heard of.
        for number in range(100):
            follower.ask("speak", piece=number, text="…", answer="probe", progress=True)
            if follower.bus.poll(50):
                break
        while follower.bus.poll(200):
            if msgpack.unpackb(follower.bus.recv_multipart()[1])["answer"] != "probe":
                pytest.fail("a state of nobody's answer")
            follower.ask("cancel", answer="probe")
        return follower

    yield start
    for follower in opened:
        follower.close()


def test_voice_tells_how_far_it_is(follow: Callable[..., Follower]) -> None:
    """States begin with an estimate, grow, and end with what the reply says, marks and all."""
    with closing(follow(ENGINE="espeak")) as follower:
        follower.speak(TEXT)
        states = follower.until(lambda state: state["done"])
        assert states[0]["made_samples"] == 0
        assert 48_000 < states[0]["expected_samples"] < 480_000
        made = [state["made_samples"] for state in states]
        assert made == sorted(made)
        assert all(state["expected_samples"] >= state["made_samples"] for state in states)
        following = follower.states()
        while not (spoken := follower.spoken):
            next(following)
        assert states[-1]["expected_samples"] == made[-1] == spoken["total_samples"]
        assert states[-1]["marks"] == spoken["marks"]


def test_voice_tells_what_went_wrong(follow: Callable[..., Follower]) -> None:
    """A voice that falls silent is named in the state as in the refusal."""
    settings = {"FAULT": "silence", "FAULT_TEXT": "mute", "FAULT_AFTER_CHUNKS": "1"}
    prefixed = {f"ENGINES__SCRIPTED__{key}": value for key, value in settings.items()}
    with closing(follow(ENGINE="scripted", **prefixed)) as follower:
        follower.speak("go mute " * 20)
        last = follower.until(lambda state: bool(state["error"]))[-1]
        assert last["error"] == "engine"
        assert "silence" in last["reason"]
        assert not last["done"]


def test_voice_tells_of_a_cancelled_piece(follow: Callable[..., Follower]) -> None:
    """Made at the pace of the clock, it is followed while it grows, and its end is told."""
    settings = {"ENGINES__SCRIPTED__REAL_TIME_FACTOR": "1.0", "ENGINES__SCRIPTED__CHUNK_MS": "50"}
    with closing(follow(ENGINE="scripted", **settings)) as follower:
        follower.speak("x" * 500)
        grown = follower.until(lambda state: state["made_samples"] > 12_000)
        assert len(grown) >= 3
        assert not grown[-1]["done"]
        follower.ask("cancel")
        last = follower.until(lambda state: bool(state["error"]))[-1]
        assert (last["error"], last["done"]) == ("session", False)
        assert "cancelled" in last["reason"]


def test_voice_estimates_from_what_it_has_said(follow: Callable[..., Follower]) -> None:
    """After one piece of a slow voice, the next of the same length is expected to be as long."""
    with closing(follow(ENGINE="scripted", ENGINES__SCRIPTED__MS_PER_CHAR="500")) as follower:
        follower.speak("x" * 100)
        first = follower.until(lambda state: state["done"])
        follower.speak("y" * 100, answer="b")
        second = follower.until(lambda state: state["done"] and state["answer"] == "b")
        expected = next(s["expected_samples"] for s in second if s["answer"] == "b")
        real = second[-1]["made_samples"]
        assert abs(expected - real) < abs(first[0]["expected_samples"] - real) / 2
