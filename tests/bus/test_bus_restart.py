"""The bus may die and come back at any time: who publishes and who listens finds back alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from streamtalk.client.sockets import open_publisher, open_subscriber
from streamtalk.proto.codec import decode, encode
from streamtalk.proto.frames import Mic
from streamtalk.proto.limits import MAX_TOPIC_BYTES
from streamtalk.proto.topics import topic
from tests.support.processes import Processes, processes
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

TOPIC = topic("audio", "mic", "s1")


class Stream:
    """A publisher and a subscriber that lived before the bus did."""

    def __init__(self, scene: Processes) -> None:
        self._publisher = open_publisher(scene.context, scene.run_dir)
        self._subscriber = open_subscriber(scene.context, scene.run_dir, TOPIC)
        self.sent = 0
        self.heard: list[int] = []

    def flows(self) -> bool:
        """Send a frame; whether one sent from now on arrives."""
        first = self.sent

        def arrives() -> bool:
            header = encode(Mic(stream="a", sample=self.sent))
            self._publisher.send_multipart([TOPIC, header, bytes(640)])
            self.sent += 1
            while self._subscriber.poll(5):
                self.heard.append(self._sample(self._subscriber.recv_multipart()))
            return bool(self.heard) and self.heard[-1] >= first

        return eventually(arrives, 10.0)

    def _sample(self, parts: list[bytes]) -> int:
        message = decode(parts[1])
        assert isinstance(message, Mic)
        assert message.stream == "a"
        return message.sample

    def close(self) -> None:
        """Close both ends."""
        self._publisher.close()
        self._subscriber.close()


@pytest.fixture(name="scene")
def _scene(run_dir: Path) -> Iterator[Processes]:
    with processes(run_dir) as scene:
        yield scene


@pytest.fixture(name="stream")
def _stream(scene: Processes) -> Iterator[Stream]:
    stream = Stream(scene)
    yield stream
    stream.close()


def test_frames_flow_again_after_each_kill(scene: Processes, stream: Stream) -> None:
    """Killed in mid-stream and started again, twice: nobody has to be told."""
    for _ in range(2):
        scene.start("bus")
        assert stream.flows()
        scene.kill("bus_0")
    scene.start("bus")
    assert stream.flows()
    assert stream.heard == sorted(set(stream.heard))


def test_bus_forwards_only_what_was_asked_for(scene: Processes, stream: Stream) -> None:
    """A session whose name begins alike is not heard."""
    scene.start("bus")
    assert stream.flows()
    other = open_publisher(scene.context, scene.run_dir)
    for number in range(50):
        header = encode(Mic(stream="other", sample=number))
        other.send_multipart([topic("audio", "mic", "s10"), header, b""])
    assert stream.flows()
    other.close()


def test_bus_leaves_nothing_behind(scene: Processes, stream: Stream) -> None:
    """After SIGTERM its exit status is 0 and no instance socket is left."""
    scene.start("bus")
    assert stream.flows()
    assert scene.terminate("bus_0") == 0
    assert scene.sockets("bus_0") == []


def test_publishers_hear_nothing_of_subscriptions(scene: Processes) -> None:
    """Else one peer with a flood of them would grow every process of the stack."""
    scene.start("bus")
    with scene.context.socket(zmq.XPUB) as publisher:
        publisher.setsockopt(zmq.LINGER, 0)
        publisher.connect(scene.run_dir.bus_in)
        assert publisher.poll(10_000)
        assert publisher.recv() == b"\x01"
        with open_subscriber(scene.context, scene.run_dir, TOPIC) as subscriber:
            while not subscriber.poll(20):
                publisher.send_multipart([TOPIC, b"header", b"payload"])
        assert not publisher.poll(0)


def test_subscription_longer_than_any_topic_is_not_taken(scene: Processes, stream: Stream) -> None:
    """Its peer's line ends; everybody else hears on."""
    scene.start("bus")
    assert stream.flows()
    with open_subscriber(scene.context, scene.run_dir, b"x" * (MAX_TOPIC_BYTES + 1)) as flooding:
        assert flooding.poll(0) == 0
        assert stream.flows()
