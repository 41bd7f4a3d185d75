"""Messages that no peer of ours would send, from a seed: the same ones on every machine."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from streamtalk.proto.codec import MESSAGES
from streamtalk.proto.limits import MAX_HEADER_BYTES, MAX_MESSAGE_BYTES
from streamtalk.proto.message import Request

REQUESTS = sorted(tag for tag, kind in MESSAGES.items() if issubclass(kind, Request))
SKIPPED = {"drain", "activate", "register", "deregister", "start_audio"}
"""Orders that would rightly change what the good traffic relies on, when they are well formed."""

TAGS = [tag for tag in sorted(MESSAGES) if tag not in SKIPPED]
CANARY = "xyzzy-canary-never-in-a-log"


def headers(rng: random.Random, count: int) -> Iterator[bytes]:
    """So many headers, malformed in every way that there is."""
    kinds = (_noise, _wrong_version, _unknown, _wrong_fields, _deep, _truncated, _not_a_map, _huge)
    weights = (30, 15, 15, 25, 3, 10, 10, 1)
    for kind in rng.choices(kinds, weights, k=count):
        yield kind(rng)


def parts(rng: random.Random, count: int) -> Iterator[list[bytes]]:
    """Whole multipart messages around such headers, as a DEALER sends them."""
    for header in headers(rng, count):
        (shape,) = rng.choices(_SHAPES, _SHAPE_WEIGHTS)
        yield shape(rng, header)


def topics(rng: random.Random, sessions: Sequence[str] = ("s1",)) -> bytes:
    """Topics that somebody listens to, and some that nobody should."""
    session = rng.choice([*sessions, "s2", "all", "S1", "", "x" * 200])
    lane, name = rng.choice(
        [
            ("audio", "mic"),
            ("audio", "speech"),
            ("state", "playback"),
            ("state", "vad"),
            ("state", "directory"),
            ("junk", "junk"),
        ]
    )
    plain = f"v1.{lane}.{name}.{session}.".encode()
    return rng.choice([plain, plain, plain, plain[:-1], rng.randbytes(12)])


def _call(rng: random.Random, header: bytes) -> list[bytes]:
    return [rng.randbytes(8), b"", header]


def _call_with_payload(rng: random.Random, header: bytes) -> list[bytes]:
    return [b"", header, rng.randbytes(rng.randrange(2_000))]


def _no_envelope(rng: random.Random, header: bytes) -> list[bytes]:
    del rng
    return [header]


def _many_parts(rng: random.Random, header: bytes) -> list[bytes]:
    del header
    return [rng.randbytes(rng.randrange(20)) for _ in range(rng.randrange(1, 30))]


def _empty_parts(rng: random.Random, header: bytes) -> list[bytes]:
    del rng
    return [b"", b"", b"", header]


_SHAPES: Final = (_call, _call_with_payload, _no_envelope, _many_parts, _empty_parts)
_SHAPE_WEIGHTS: Final = (6, 1, 1, 1, 1)


def _pack(value: Any) -> bytes:  # noqa: ANN401 — anything that MessagePack can hold
    return msgspec.msgpack.encode(value)


def _noise(rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(300))


def _wrong_version(rng: random.Random) -> bytes:
    return _pack({"type": rng.choice(REQUESTS), "v": rng.choice([0, 2, -1, 2**40, "1", None])})


def _unknown(rng: random.Random) -> bytes:
    return _pack({"type": CANARY + rng.choice("abc"), "v": 1, "text": CANARY})


def _wrong_fields(rng: random.Random) -> bytes:
    """A real type with fields of the wrong kind; what is valid by chance must be harmless."""
    fields = {"type": rng.choice(TAGS), "v": 1}
    for name in ("session", "text", "answer", "stream", "instance", "sample", "piece", "slots"):
        fields[name] = rng.choice([-1, 2**63, 1.5, None, [], {}, CANARY * 3, b"\xff", True])
    return _pack(fields)


def _deep(rng: random.Random) -> bytes:
    return rng.choice([b"\x91", b"\x81\xa1a"]) * rng.randrange(100, 20_000)


def _truncated(rng: random.Random) -> bytes:
    whole = _pack({"type": rng.choice(TAGS), "v": 1, "text": CANARY, "n": list(range(50))})
    return whole[: rng.randrange(len(whole))]


def _not_a_map(rng: random.Random) -> bytes:
    return _pack(rng.choice([0, None, "probe", ["probe", 1], [["type", "probe"]], True]))


def _huge(rng: random.Random) -> bytes:
    return rng.choice(
        [
            bytes(MAX_HEADER_BYTES + 1),
            b"\xdb\xff\xff\xff\xff" + CANARY.encode(),
            b"\xdf\xff\xff\xff\xff",
            _pack({"type": "speak", "v": 1, "text": CANARY * 5_000}),
            bytes(MAX_MESSAGE_BYTES - 1),
        ]
    )
