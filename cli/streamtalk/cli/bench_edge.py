"""People for `bench pipeline`: microphones and loudspeakers of many sessions, in one real edge.

`python -m streamtalk.cli.bench_edge RUN_DIR SESSIONS TURNS [--partials]` prints one line of JSON:
when each turn's speech ended, and when each frame of its reply was played.
"""

import argparse
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from streamtalk.client.edge import Edge, EdgeSession
from streamtalk.client.rundir import RunDir
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_SAMPLES, MIC_RATE_HZ, ms_to_samples
from streamtalk.proto.errors import NotReadyError, StreamTalkError
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.runtime.memory import settle_memory

LEAD_FRAMES: Final = 20
SPEECH_FRAMES: Final = 50
PERIOD_FRAMES: Final = 260
"""From one turn to the next; the replies take less than half of it."""

PARTIAL_MS: Final = 512
FRAME_NS: Final = FRAME_MS * 1_000_000
_LEVEL: Final = 3_000
LOUD: Final = b"".join(value.to_bytes(2, "little", signed=True) for value in (_LEVEL, -_LEVEL)) * (
    MIC_FRAME_SAMPLES // 2
)
SILENT: Final = bytes(len(LOUD))
"""Microphone frames of somebody who speaks, and of nobody."""

_OPEN_S: Final = 20.0
_LINGER_NS: Final = 5_000_000_000
_PARTIAL_SAMPLES: Final = ms_to_samples(PARTIAL_MS, MIC_RATE_HZ)
_MILLISECOND_NS: Final = 1_000_000


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one session saw, in monotonic nanoseconds."""

    ended_ns: list[int]
    """When the last frame of each turn's speech was sent."""

    played_ns: list[list[int]]
    """When each frame was played, by answer."""

    partials_skipped: int = 0


def is_speech(number: int) -> bool:
    """Whether microphone frame `number` of a session is loud."""
    return number >= LEAD_FRAMES and (number - LEAD_FRAMES) % PERIOD_FRAMES < SPEECH_FRAMES


def ends_speech(number: int) -> bool:
    """Whether it is the last loud frame of a turn."""
    return is_speech(number) and not is_speech(number + 1)


@dataclass
class Person:
    """One session: what it said when, and what it heard when."""

    entry: EdgeSession
    mic_due_ns: int
    frames_left: int
    number: int = 0
    play_due_ns: int = 0
    """0 while nothing is played."""

    partial_at: int = _PARTIAL_SAMPLES
    partials_skipped: int = 0
    ended_ns: list[int] = field(default_factory=list)
    played_ns: dict[str, list[int]] = field(default_factory=dict)

    @property
    def due_ns(self) -> int:
        """When it next wants to be served."""
        return min(self.mic_due_ns, self.play_due_ns) if self.play_due_ns else self.mic_due_ns

    def told(self) -> Told:
        """The result."""
        return Told(
            ended_ns=self.ended_ns,
            played_ns=list(self.played_ns.values()),
            partials_skipped=self.partials_skipped,
        )


class Crowd:
    """All sessions on one edge, evenly staggered, until everyone has been answered."""

    def __init__(self, run_dir: RunDir, sessions: int, turns: int, *, partials: bool) -> None:
        self._edge = Edge(run_dir, "bench")
        self._partials = partials
        entries = [self._edge.open(f"bench-{number}") for number in range(sessions)]
        self._wait_open(entries)
        frames = LEAD_FRAMES + turns * PERIOD_FRAMES
        start_ns = time.monotonic_ns() + FRAME_NS
        stagger_ns = PERIOD_FRAMES * FRAME_NS // sessions
        self._people = [
            Person(entry, start_ns + place * stagger_ns, frames)
            for place, entry in enumerate(entries)
        ]
        self._end_ns = start_ns + sessions * stagger_ns + frames * FRAME_NS + _LINGER_NS

    def run(self) -> list[Told]:
        """Talk in real time."""
        now_ns = time.monotonic_ns()
        while now_ns < self._end_ns and not all(map(_silent, self._people)):
            self._serve_until(min(person.due_ns for person in self._people))
            now_ns = time.monotonic_ns()
            for person in self._people:
                self._speak(person, now_ns)
                self._listen(person, now_ns)
        return [person.told() for person in self._people]

    def close(self) -> None:
        """End every session."""
        self._edge.close()

    def _wait_open(self, entries: list[EdgeSession]) -> None:
        end_s = time.monotonic() + _OPEN_S
        while not all(entry.opened for entry in entries):
            self._edge.serve(20)
            if time.monotonic() > end_s:
                raise NotReadyError("the orchestrator did not take every session")

    def _serve_until(self, due_ns: int) -> None:
        """At least once; the rest of a millisecond, which the poller cannot wait for, is slept."""
        left_ns = max(0, due_ns - time.monotonic_ns())
        if 0 < left_ns < _MILLISECOND_NS:
            time.sleep(left_ns / 1e9)
        self._edge.serve(left_ns // _MILLISECOND_NS)

    def _speak(self, person: Person, now_ns: int) -> None:
        while now_ns >= person.mic_due_ns and person.frames_left:
            loud = is_speech(person.number)
            self._edge.push_mic(person.entry, LOUD if loud else SILENT)
            if ends_speech(person.number):
                person.ended_ns.append(time.monotonic_ns())
            person.number += 1
            person.frames_left -= 1
            person.mic_due_ns += FRAME_NS
            if self._partials and person.entry.mic_sample >= person.partial_at:
                person.partial_at += _PARTIAL_SAMPLES
                self._ask_partial(person)
        if not person.frames_left:
            person.mic_due_ns = now_ns + FRAME_NS

    def _listen(self, person: Person, now_ns: int) -> None:
        playing = person.entry.sink.playing
        if playing is None or now_ns < person.play_due_ns:
            person.play_due_ns = person.play_due_ns if playing is not None else 0
            return
        if self._edge.pull_speech(person.entry) is None:
            person.play_due_ns = 0
            return
        person.played_ns.setdefault(playing.answer, []).append(time.monotonic_ns())
        person.play_due_ns = (person.play_due_ns or now_ns) + FRAME_NS

    def _ask_partial(self, person: Person) -> None:
        """A streaming recogniser's load, also while it answers."""
        endpoint = self._edge.addresses.find("asr")
        if endpoint is None:
            person.partials_skipped += 1
            return
        entry = person.entry
        request = Transcribe(
            ring=str(entry.ring.path),
            stream=entry.ring.stream,
            from_sample=entry.mic_sample - _PARTIAL_SAMPLES,
            to_sample=entry.mic_sample,
            final=False,
        )

        def skipped(error: StreamTalkError) -> None:
            del error
            person.partials_skipped += 1

        self._edge.caller.call(endpoint, request, 5.0, _ignore, skipped)


def _silent(person: Person) -> bool:
    """Whether everything was said, and every answer begun has ended."""
    answered = len(person.played_ns) >= len(person.ended_ns)
    return not person.frames_left and answered and person.entry.sink.playing is None


def _ignore(_: Transcript) -> None:
    """A partial is only load here."""


def main() -> None:
    """Talk, then print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m streamtalk.cli.bench_edge")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("sessions", type=int)
    parser.add_argument("turns", type=int)
    parser.add_argument("--partials", action="store_true")
    given = parser.parse_args()
    run_dir = RunDir(given.run_dir)
    crowd = Crowd(run_dir, given.sessions, given.turns, partials=given.partials)
    settle_memory()
    try:
        told = crowd.run()
    finally:
        crowd.close()
    sys.stdout.write(msgspec.json.encode(told).decode() + "\n")


if __name__ == "__main__":
    main()
