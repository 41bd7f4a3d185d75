"""The microphones of a recording: all samples of each stream, and when they arrived."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import soundfile

from streamtalk.cli.flight.file import Recording
from streamtalk.proto.audio import BYTES_PER_SAMPLE, MIC_RATE_HZ
from streamtalk.proto.codec import decode_as
from streamtalk.proto.errors import InputError, MessageError
from streamtalk.proto.frames import Mic
from streamtalk.proto.topics import parse_topic

_MIC: Final = msgspec.msgpack.Decoder(Mic)
_NS_PER_SAMPLE: Final = 1_000_000_000 // MIC_RATE_HZ
_MAX_SAMPLES: Final = 4 * 3_600 * MIC_RATE_HZ


@dataclass(frozen=True)
class Arrival:
    """Audio that arrived at once."""

    at_ns: int
    sample: int
    end: int


@dataclass
class Stream:
    """One opening of a microphone."""

    first: int
    """Sample that the recording begins with."""

    pcm: bytearray = field(default_factory=bytearray)
    arrivals: list[Arrival] = field(default_factory=list)
    missing: int = 0
    """Samples that were nowhere to be had; silence stands for them."""

    @property
    def end(self) -> int:
        """First sample behind what was recorded."""
        return self.first + len(self.pcm) // BYTES_PER_SAMPLE

    def read(self, from_sample: int, to_sample: int) -> bytes:
        """Samples of a range; what was not recorded is silence."""
        begin, end = max(from_sample, self.first), min(to_sample, self.end)
        if begin >= end:
            return bytes((to_sample - from_sample) * BYTES_PER_SAMPLE)
        at, to = ((s - self.first) * BYTES_PER_SAMPLE for s in (begin, end))
        head, tail = (bytes(n * BYTES_PER_SAMPLE) for n in (begin - from_sample, to_sample - end))
        return head + bytes(self.pcm[at:to]) + tail


Frames = list[tuple[int, int, bytes]]
"""(time, sample, PCM)."""


def microphones(recording: Recording, session: str) -> dict[str, Stream]:
    """The streams of a session by their id."""
    frames: dict[str, Frames] = {}
    for row in recording.rows:
        try:
            name = parse_topic(row.topic)
            if (name.lane, name.name, name.session) != ("audio", "mic", session):
                continue
            mic = decode_as(_MIC, row.header)
        except MessageError:
            continue
        frames.setdefault(mic.stream, []).append((row.at_ns, mic.sample, row.payload))
    return {stream: _joined(found) for stream, found in frames.items()}


def write_wav(recording: Recording, session: str, path: Path) -> None:
    """The longest stream of a session, from its first recorded sample on, as 16 kHz mono s16."""
    streams = microphones(recording, session)
    if not streams:
        raise InputError(f"no microphone of session {session} was recorded")
    longest = max(streams.values(), key=lambda stream: len(stream.pcm))
    samples = np.frombuffer(bytes(longest.pcm), "<i2")
    try:
        soundfile.write(path, samples, MIC_RATE_HZ, subtype="PCM_16", format="WAV")
    except (soundfile.LibsndfileError, OSError) as error:
        raise InputError(f"cannot write {path}: {error}") from error


def _joined(frames: Frames) -> Stream:
    frames.sort(key=lambda frame: frame[1])
    stream = Stream(frames[0][1])
    for at_ns, sample, pcm in frames:
        hole = sample - stream.end
        if hole > _MAX_SAMPLES:
            continue
        if hole > 0:
            stream.pcm += bytes(hole * BYTES_PER_SAMPLE)
            stream.missing += hole
        known = max(0, -hole)
        before = stream.end
        stream.pcm += pcm[known * BYTES_PER_SAMPLE :]
        if stream.end > before:
            stream.arrivals.append(Arrival(at_ns, before, stream.end))
    _place(stream.arrivals)
    return stream


def _place(arrivals: list[Arrival]) -> None:
    """What was filled in later arrived, at the edge, no later than what follows it."""
    for number in range(len(arrivals) - 2, -1, -1):
        this, following = arrivals[number], arrivals[number + 1]
        latest_ns = following.at_ns - (following.end - following.sample) * _NS_PER_SAMPLE
        if this.at_ns > following.at_ns:
            arrivals[number] = Arrival(latest_ns, this.sample, this.end)
