"""Peers that speak ZMTP only so far: to the greeting, or to a frame of an absurd length."""

import random
import socket
import struct
from pathlib import Path

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)


def _ready(kind: bytes) -> bytes:
    """The READY command of a socket of this kind."""
    name, value = b"Socket-Type", kind
    body = b"\x05READY" + bytes([len(name)]) + name + struct.pack(">I", len(value)) + value
    return b"\x04" + bytes([len(body)]) + body


def claim(path: Path, kind: bytes, size: int) -> bool:
    """Connect as a peer, announce one frame of `size` bytes, send little of it.

    Returns whether the other side hung up.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(5.0)
        line.connect(str(path))
        line.sendall(GREETING)
        line.sendall(_ready(kind))
        line.sendall(b"\x02" + struct.pack(">Q", size) + bytes(100))
        return _hung_up(line)


def _hung_up(line: socket.socket) -> bool:
    try:
        while line.recv(4_096):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def babble(path: Path, rng: random.Random) -> None:
    """Connect and send bytes that are no ZMTP at all."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(5.0)
        line.connect(str(path))
        try:
            line.sendall(rng.choice([b"", GREETING, GREETING[:30]]) + rng.randbytes(500))
        except ConnectionError:
            return
