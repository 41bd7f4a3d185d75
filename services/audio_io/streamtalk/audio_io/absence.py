"""What a session missed while the process that held its microphone was gone."""

from pathlib import Path
from typing import Final

from streamtalk.client.ring import RingReader
from streamtalk.proto.errors import AudioRangeError

LONGEST_MS: Final = 600_000.0
"""A ring that rested longer is of a conversation that was left, not of one interrupted."""


def uncaptured_before(ring: Path, now_ns: int) -> float:
    """Milliseconds of the session that no microphone heard until now.

    Only a process that was killed leaves its ring behind: it tells when that process was last
    heard, and what had been missed before. 0 where there is none.
    """
    try:
        reader = RingReader(ring)
    except AudioRangeError:
        return 0.0
    try:
        away_ms = (now_ns - reader.written_ns) / 1e6
        known = reader.written_ns > 0 and 0 <= away_ms <= LONGEST_MS
        return reader.uncaptured_ms + away_ms if known else 0.0
    finally:
        reader.close()
