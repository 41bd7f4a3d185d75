"""Several processes write and read the same entries, and are killed in the middle of it."""

import random
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from streamtalk.tts.cache.entry import Piece
from streamtalk.tts.cache.key import piece_key
from streamtalk.tts.cache.store import PieceStore
from streamtalk.tts.engine import Made, Order
from tests.support.cached_speech import read

pytestmark = pytest.mark.process

KEYS = 12
LIMIT_BYTES = 400_000
_ROUNDS = 6
_READY_S = 30

PROGRAM = """
import random, sys
from pathlib import Path
from streamtalk.tts.cache.entry import encode_piece
from streamtalk.tts.cache.store import PieceStore
from tests.support.cached_speech import read
from tests.tts.test_cache_killed import KEYS, LIMIT_BYTES, key_of, piece_of

dice, store = random.Random(int(sys.argv[2])), PieceStore(Path(sys.argv[1]), LIMIT_BYTES)
store.prepare()
while True:
    for number in dice.sample(range(KEYS), KEYS):
        store.put(key_of(number), encode_piece(key_of(number), piece_of(number)))
        found = read(store, key_of(dice.randrange(KEYS)))
        assert found is None or found.made.voice.startswith("voice")
    print("round", flush=True)
"""


def key_of(number: int) -> str:
    """The key of one of the phrases that all processes write."""
    return piece_key("killed", Order(f"phrase {number}"))


def piece_of(number: int) -> Piece:
    """A piece that tells its number by every sample, its length and its voice."""
    audio = np.full(20_000 + 500 * number, (number + 1) / 64, np.float32)
    return Piece(audio, Made([], estimated=False, language="en", voice=f"voice {number}"))


@contextmanager
def writer(folder: Path, seed: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes and reads all keys until it is killed, past its first round."""
    command = [sys.executable, "-c", PROGRAM, str(folder), str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert select.select([process.stdout], [], [], _READY_S)[0]
        assert process.stdout.readline() == b"round\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def kill_after(process: subprocess.Popen[bytes], entries: int, store: PieceStore) -> None:
    """Kill it while it writes: after so many reads of ours, which take about as long as a write."""
    for number in range(entries):
        read(store, key_of(number % KEYS))
    process.kill()
    process.wait()


def check(folder: Path, store: PieceStore) -> int:
    """Every entry is what was written under its key, or none; returns how many there are."""
    found = {number: read(store, key_of(number)) for number in range(KEYS)}
    for number, piece in found.items():
        if piece is not None:
            expected = piece_of(number)
            assert piece.made == expected.made
            assert piece.audio.size == expected.audio.size
            assert np.abs(piece.audio - expected.audio).max() < 1e-4
    entries = [path.stat().st_size for path in folder.iterdir() if len(path.name) == 64]
    assert sum(entries) <= LIMIT_BYTES
    return len(entries)


def test_cache_survives_writers_that_are_killed(tmp_path: Path) -> None:
    """Whenever a writer dies, each entry is whole or missing, the bound holds, and others go on."""
    folder, dice = tmp_path / "cache", random.Random(11)
    store = PieceStore(folder, LIMIT_BYTES)
    store.prepare()
    for round_number in range(_ROUNDS):
        with writer(folder, round_number) as first, writer(folder, 100 + round_number) as second:
            kill_after(first, dice.randrange(40), store)
            kill_after(second, dice.randrange(40), store)
        assert check(folder, store) > 0
    # Nobody who is dead holds the lock or the name of the temporary file.
    store.prepare()
    assert not (folder / "writing").exists()
    assert 0 < store.size_bytes <= LIMIT_BYTES


def test_cache_is_shared_by_writers_that_live(tmp_path: Path) -> None:
    """With several writers at work and eviction all the time, no read is ever wrong."""
    folder = tmp_path / "cache"
    store = PieceStore(folder, LIMIT_BYTES)
    store.prepare()
    with writer(folder, 1), writer(folder, 2), writer(folder, 3):
        hits = 0
        for turn in range(600):
            piece = read(store, key_of(turn % KEYS))
            if piece is not None:
                hits += 1
                assert piece.made.voice == f"voice {turn % KEYS}"
    assert hits > 0
