"""Single keys of a terminal, without Enter."""

import os
import sys
import termios
import tty
from types import TracebackType
from typing import Any, Self


class Keyboard:
    """While the block lasts, keys are read one by one; on something else than a terminal, none."""

    def __init__(self) -> None:
        self.descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        if self.descriptor is not None:
            self._before = termios.tcgetattr(self.descriptor)
            # Ctrl-C stays a signal.
            tty.setcbreak(self.descriptor)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.descriptor is not None and self._before is not None:
            termios.tcsetattr(self.descriptor, termios.TCSADRAIN, self._before)

    def read(self) -> str:
        """The keys that were pressed; call it when the descriptor is readable."""
        if self.descriptor is None:
            return ""
        return os.read(self.descriptor, 64).decode("utf-8", "ignore")
