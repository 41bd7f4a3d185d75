"""Server-sent events from bytes that may be cut anywhere (WHATWG HTML, section 9.2.6)."""

from typing import Final

MAX_EVENT_BYTES: Final = 256 << 10
"""A longer event is dropped whole; a real one is well below 1 KiB."""

DONE: Final = "[DONE]"
"""Data of the event that ends a stream."""


class SseParser:
    """Bytes in, the `data` of complete events out; holds at most one event."""

    def __init__(self) -> None:
        self._tail = b""
        self._data: list[str] = []
        self._data_bytes = 0
        self._skipping_line = False
        self.dropped = 0
        """Events dropped for their length."""

    def feed(self, chunk: bytes) -> list[str]:
        """Data of the events that `chunk` completes."""
        events: list[str] = []
        *lines, tail = (self._tail + chunk).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            self._line(line, events)
        self._tail = tail
        if len(tail) > MAX_EVENT_BYTES:
            self._tail = b""
            self._skip()
        return events

    def flush(self) -> list[str]:
        """Data of an event that the end of the stream left without its empty line."""
        events: list[str] = []
        self._line(self._tail, events)
        self._tail = b""
        self._line(b"", events)
        return events

    def _skip(self) -> None:
        self._data, self._data_bytes = [], 0
        self.dropped += not self._skipping_line
        self._skipping_line = True

    def _line(self, line: bytes, events: list[str]) -> None:
        line = line.removesuffix(b"\r")
        if self._skipping_line:
            self._skipping_line = False
        elif not line:
            self._dispatch(events)
        elif line.startswith(b"data:"):
            self._append(line[5:].removeprefix(b" "))

    def _append(self, data: bytes) -> None:
        self._data_bytes += len(data)
        if self._data_bytes > MAX_EVENT_BYTES:
            self._data, self._data_bytes = [], 0
            self.dropped += 1
        else:
            self._data.append(data.decode("utf-8", "replace"))

    def _dispatch(self, events: list[str]) -> None:
        if self._data:
            events.append("\n".join(self._data))
        self._data, self._data_bytes = [], 0
