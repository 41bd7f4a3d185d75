"""`streamtalk tap`: what goes over the bus, whether we know the schema or not."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import typer

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.client.rundir import RunDir
from streamtalk.client.sockets import BoundedContext, open_subscriber
from streamtalk.proto.limits import PROTOCOL_VERSION

_POLL_MS: Final = 100
_SILENT_DB: Final = -120.0
_DECODER: Final = msgspec.msgpack.Decoder()


@dataclass(frozen=True)
class Seen:
    """One message of the bus, read without its schema."""

    topic: str
    header: Any
    payload: bytes

    @property
    def level_db(self) -> float | None:
        """RMS of s16le audio in dBFS; None without any."""
        if not self.payload or len(self.payload) % 2:
            return None
        samples = np.frombuffer(self.payload, np.int16).astype(np.float64)
        power = float(np.mean(samples**2)) / 32768.0**2
        return round(10 * math.log10(power), 1) if power > 0 else _SILENT_DB


def read(parts: list[bytes]) -> Seen:
    """A multipart message as it came; a header that is not MessagePack is shown as text."""
    topic = parts[0].decode("ascii", "backslashreplace").rstrip(".")
    raw = parts[1] if len(parts) > 1 else b""
    try:
        header = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        header = f"not MessagePack: {raw[:80]!r}"
    return Seen(topic, header, b"".join(parts[2:]))


def as_json(seen: Seen, at_s: float) -> str:
    """One line for programs."""
    row: dict[str, Any] = {"at_s": round(at_s, 3), "topic": seen.topic, "header": seen.header}
    if seen.payload:
        row |= {"payload_bytes": len(seen.payload), "level_db": seen.level_db}
    return json.dumps(row, default=repr)


def as_line(seen: Seen, at_s: float) -> str:
    """One line for people; control characters of a peer never reach the terminal."""
    payload = f"  {len(seen.payload)} bytes" if seen.payload else ""
    if seen.level_db is not None:
        payload += f" {seen.level_db:.1f} dBFS"
    header = json.dumps(seen.header, ensure_ascii=False, default=repr)
    line = f"{at_s:9.3f}  {seen.topic}  {header}{payload}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def prefix(topic: str) -> bytes:
    """`audio.mic` is short for `v1.audio.mic.`; the name of a service's state needs no dot."""
    if not topic or topic.startswith("v"):
        return topic.encode()
    return f"v{PROTOCOL_VERSION}.{topic.rstrip('.')}.".encode()


def messages(run_dir: RunDir, subscription: bytes, seconds: float) -> Iterator[tuple[float, Seen]]:
    """Messages and when they came, in seconds from now; for ever where `seconds` is 0."""
    began = time.monotonic()
    with BoundedContext() as context:
        socket = open_subscriber(context, run_dir, subscription)
        while not seconds or time.monotonic() - began < seconds:
            if socket.poll(_POLL_MS):
                yield time.monotonic() - began, read(socket.recv_multipart())


def tap(
    topic: Annotated[
        str, typer.Argument(help="Such as state, audio.mic or state.vad.SESSION.")
    ] = "",
    json_lines: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    count: Annotated[int, typer.Option(help="End after so many messages; 0: never.")] = 0,
    seconds: Annotated[float, typer.Option(help="End after this time; 0: never.")] = 0.0,
    run_dir: RunDirOption = None,
) -> None:
    """Show the messages of the bus, one line each, until Ctrl-C."""
    found = find_run_dir(run_dir)
    with Reach(found) as reach:
        reach.directory()
    form = as_json if json_lines else as_line
    for number, (at_s, seen) in enumerate(messages(found, prefix(topic), seconds), 1):
        print(form(seen, at_s), flush=True)
        if number == count:
            return
