"""Recorded microphones as rings again, for engines that read a range of one themselves."""

import tempfile
from pathlib import Path

from streamtalk.cli.flight.microphone import Stream
from streamtalk.client.closing import Closing
from streamtalk.client.ring import CAPACITY_SAMPLES, RingWriter


class RingShelf(Closing):
    """One ring for each stream, in a folder of its own that `close` removes."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="streamtalk-replay-")
        self._writers: dict[str, RingWriter] = {}

    def ring(self, name: str, stream: Stream, to_sample: int) -> Path:
        """The ring of a stream, written as far as the microphone had been heard then."""
        writer = self._writers.get(name)
        if writer is None:
            path = Path(self._folder.name) / f"{len(self._writers)}.ring"
            writer = self._writers[name] = RingWriter(path, name)
            writer.written = stream.first
        writer.written = max(writer.written, to_sample - CAPACITY_SAMPLES)
        if to_sample > writer.written:
            writer.write(stream.read(writer.written, to_sample))
        return writer.path

    def close(self) -> None:
        """Remove all of them."""
        while self._writers:
            self._writers.popitem()[1].close()
        self._folder.cleanup()
