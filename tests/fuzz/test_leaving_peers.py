"""A peer that floods and leaves, again and again, ends nobody else's process."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zmq

pytestmark = pytest.mark.process

ROUNDS = 150
FLOOD = 4_000
LISTENER = """
import sys, zmq
from streamtalk.client.sockets import open_socket
with zmq.Context() as context, open_socket(context, zmq.ROUTER) as socket:
    socket.bind(sys.argv[1])
    print(flush=True)
    while (parts := socket.recv_multipart())[-1] != b"leave":
        socket.send_multipart([parts[0], b"", b"heard"])
"""


def _visit(endpoint: str, rng: random.Random) -> None:
    """Send what goes out without waiting, then be gone with all that is on the way."""
    context: zmq.Context[Any] = zmq.Context()
    with context.socket(zmq.DEALER) as socket:
        socket.connect(endpoint)
        body = bytes(rng.choice([10, 200, 300]))
        try:
            for _ in range(rng.choice([1, 5, 50, FLOOD // 2, FLOOD])):
                socket.send_multipart([b"number", b"", body], zmq.NOBLOCK)
        except zmq.Again:
            socket.poll(1)
    context.destroy(linger=rng.choice([0, 5]))


def test_peer_that_leaves_in_mid_flood_ends_nobody(run_dir: Path) -> None:
    """The process that it floods lives, and answers the next one."""
    endpoint = f"ipc://{run_dir}/listener.sock"
    rng = random.Random(7)
    command = [sys.executable, "-c", LISTENER, endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as listener:
        assert listener.stdout is not None
        listener.stdout.readline()
        for _ in range(ROUNDS):
            _visit(endpoint, rng)
            assert listener.poll() is None
        with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
            socket.setsockopt(zmq.LINGER, 1_000)
            socket.connect(endpoint)
            socket.send(b"leave")
            assert listener.wait(15) == 0
