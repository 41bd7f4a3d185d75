"""Functions handed from any thread to the thread that owns the sockets."""

import contextlib
import os
from collections import deque
from collections.abc import Callable


class Mailbox:
    """A queue of functions with a file descriptor that is readable while it holds any."""

    def __init__(self) -> None:
        self._functions: deque[Callable[[], None]] = deque()
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        os.set_blocking(self._write_end, False)

    def fileno(self) -> int:
        """The descriptor to poll for reading."""
        return self._read_end

    def post(self, function: Callable[[], None]) -> None:
        """Run `function` on the owner's thread, after all that was posted before. Any thread."""
        self._functions.append(function)
        # A full pipe already wakes the owner; a closed one has no owner left.
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._write_end, b"\0")

    def run(self) -> None:
        """Run all that is waiting. Owner's thread."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read_end, 4096)
        for _ in range(len(self._functions)):
            self._functions.popleft()()

    def close(self) -> None:
        """Close the pipe."""
        os.close(self._read_end)
        write_end, self._write_end = self._write_end, -1
        os.close(write_end)
