"""A command that is interrupted ends: nothing waits for ever inside libzmq."""

import signal
import subprocess
import sys

import pytest
import zmq

from streamtalk.client.sockets import BoundedContext, open_socket

pytestmark = pytest.mark.process

_COMMAND = """
import signal
import sys
from pathlib import Path
from streamtalk.cli.reach import Reach
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import StreamTalkError
# A test run in the background of a shell inherits that it is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
print("ready", flush=True)
while True:
    with Reach(RunDir(Path(sys.argv[1]))) as reach:
        for _ in range(20):
            reach.context.socket(1).close()
"""


def test_context_ends_its_sockets() -> None:
    """Whatever was opened in the block is closed after it, and so is the context."""
    with BoundedContext() as context:
        socket = open_socket(context, zmq.DEALER)
    assert socket.closed
    assert context.closed


def test_context_ends_although_a_socket_was_never_noted() -> None:
    """As when Ctrl-C comes between the making of a socket and its entry in the list."""
    with BoundedContext() as context:
        socket = open_socket(context, zmq.DEALER)
        context._rm_socket(socket)
    assert not socket.closed
    socket.close()


@pytest.mark.parametrize("number", range(6))
def test_command_that_is_interrupted_ends(number: int, tmp_path: object) -> None:
    """Wherever it was in making and closing sockets."""
    command = [sys.executable, "-c", _COMMAND, str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(number):
            process.poll()
        process.send_signal(signal.SIGINT)
        try:
            _, complaint = process.communicate(timeout=20.0)
        finally:
            process.kill()
    assert "KeyboardInterrupt" in complaint
