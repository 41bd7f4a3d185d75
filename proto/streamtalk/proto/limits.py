"""Bounds that every receiver enforces, so that no peer can take memory or time without end."""

from typing import Final

PROTOCOL_VERSION: Final = 1
"""Version of topics (`v1.`) and of every request (`"v": 1`)."""

MAX_MESSAGE_BYTES: Final = 1 << 20
"""`MAXMSGSIZE` of every socket: one message part."""

MAX_HEADER_BYTES: Final = 256 << 10
"""A header above this is refused before it is decoded."""

MAX_TOPIC_BYTES: Final = 128
"""Longest subscription that the bus takes: no topic is as long."""

MAX_PARTS: Final = 8
"""Parts of one multipart message, envelope included."""

MAX_TEXT_CHARS: Final = 4_000
"""Longest text of one `speak`, and of one typed user message."""

MAX_GRAMMAR_CHARS: Final = 64_000
"""Longest JSGF grammar in a `transcribe`."""

MAX_RANGE_S: Final = 60
"""Longest audio range that one call may name: the length of the microphone ring."""

MAX_NAME_CHARS: Final = 64
"""Longest session, answer, stream, service or slot name."""

MAX_POSITION: Final = 2**53 - 1
"""Largest position or count: exact in SQLite and as a 64-bit float, which many clients use."""
