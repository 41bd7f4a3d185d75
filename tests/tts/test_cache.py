"""What the cache keeps, what it takes for a miss, and what it lets go."""

import dataclasses
import io
import logging
import os
import stat
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.proto.errors import EngineError, NotReadyError
from streamtalk.proto.synthesis import Mark
from streamtalk.runtime.engine_thread import Duty, Job
from streamtalk.runtime.metrics import CacheMetrics
from streamtalk.tts.cache.cached_engine import CachedEngine
from streamtalk.tts.cache.entry import (
    OPENING_SAMPLES,
    CorruptEntryError,
    Entry,
    Piece,
    encode_piece,
)
from streamtalk.tts.cache.key import piece_key
from streamtalk.tts.cache.preload import Preload
from streamtalk.tts.cache.store import PieceStore
from streamtalk.tts.cache.writer import CacheWriter
from streamtalk.tts.config import ScriptedSettings
from streamtalk.tts.engine import Made, Order, Samples, Steps
from streamtalk.tts.engines.scripted import ScriptedEngine
from tests.support.cached_speech import read, whole

pytestmark = pytest.mark.contract

KEY = "ab" * 32
LOG = logging.getLogger("test.cache")


def a_piece(samples: int = 2_400, level: float = 0.5) -> Piece:
    """A tone with two marks."""
    tone = (level * np.sin(np.arange(samples) / 10)).astype(np.float32)
    marks = [Mark(sample=0, char=0), Mark(sample=samples // 2, char=5)]
    return Piece(tone, Made(marks, estimated=False, language="en", voice="en-us"))


def a_store(folder: Path, limit_bytes: int = 1 << 20) -> PieceStore:
    """A store that is ready."""
    store = PieceStore(folder / "cache", limit_bytes)
    store.prepare()
    return store


def decode(key: str, raw: bytes) -> Piece:
    """All of an entry."""
    return whole(Entry(key, io.BytesIO(raw), len(raw)))


def number_key(number: int) -> str:
    """A key of its own for each number."""
    return piece_key("test", Order(f"phrase {number}"))


class Scene:
    """A scripted engine behind the cache of a folder, and how often the engine itself spoke."""

    def __init__(self, folder: Path, **settings: object) -> None:
        script = ScriptedSettings(cacheable=True, **settings)  # type: ignore[arg-type]
        self.inner = ScriptedEngine(script)
        self.store = a_store(folder)
        self.metrics = CacheMetrics()
        self.writer = CacheWriter(self.store, LOG)
        self.writer.start()
        self.engine = CachedEngine(self.inner, self.store, self.writer, self.metrics)

    def key(self, order: Order) -> str:
        """Name of its entry."""
        return piece_key(self.inner.fingerprint(order), order)

    def say(self, order: Order, chunks: int = 1 << 30) -> tuple[Samples, Made]:
        """The audio and marks of a piece that is broken off after so many chunks."""
        taken: list[Samples] = []

        def take(audio: Samples) -> bool:
            taken.append(audio)
            return len(taken) < chunks

        made = exhaust(self.engine.speak(order, take))
        return np.concatenate(taken), made

    def close(self) -> None:
        """Write all that was made."""
        assert self.writer.close(10.0)


def exhaust(steps: Steps) -> Made:
    """Do all steps; returns what they do."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return cast("Made", end.value)


@given(
    samples=st.lists(st.floats(-1.5, 1.5, width=32), max_size=200),
    repeated=st.integers(1, 20),
    marks=st.lists(st.tuples(st.integers(0, 1 << 40), st.integers(0, 4_000)), max_size=20),
    estimated=st.booleans(),
    names=st.tuples(st.text(max_size=64), st.text(max_size=64)),
)
def test_entry_comes_back_as_it_was(
    samples: list[float],
    repeated: int,
    marks: list[tuple[int, int]],
    estimated: bool,
    names: tuple[str, str],
) -> None:
    """Marks, language and voice exactly, samples to half a step of 16 bits at their peak."""
    audio = np.tile(np.array(samples, np.float32), repeated)
    made = Made([Mark(sample=at, char=char) for at, char in marks], estimated, *names)
    found = decode(KEY, encode_piece(KEY, Piece(audio, made)))
    assert found.made == made
    step = max(1.0, float(np.abs(audio).max(initial=0.0))) / 32_767
    assert found.audio.dtype == np.float32
    assert np.abs(found.audio - audio).max(initial=0.0) <= 0.51 * step


@given(data=st.data(), samples=st.sampled_from((40, OPENING_SAMPLES + 40)))
def test_entry_with_any_byte_changed_is_corrupt(data: st.DataObject, samples: int) -> None:
    """Nothing that is not what was written is ever played."""
    raw = bytearray(encode_piece(KEY, a_piece(samples)))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(CorruptEntryError):
        decode(KEY, bytes(raw))


@given(
    length=st.integers(0, 3_200),
    noise=st.binary(max_size=80),
    samples=st.sampled_from((40, OPENING_SAMPLES + 40)),
)
def test_entry_cut_off_or_followed_by_more_is_corrupt(
    length: int, noise: bytes, samples: int
) -> None:
    """A file that is too short or too long is none, and so is a file of anything else."""
    raw = encode_piece(KEY, a_piece(samples))
    for broken in (raw[: min(length, len(raw) - 1)], raw + b"\0" + noise, noise):
        with pytest.raises(CorruptEntryError):
            decode(KEY, broken)


def test_entry_under_another_name_is_corrupt() -> None:
    """A file that was renamed does not say another text's words."""
    with pytest.raises(CorruptEntryError, match="another key"):
        decode("cd" * 32, encode_piece(KEY, a_piece()))


@pytest.mark.parametrize(
    "change", [{"text": "other"}, {"language": "zh"}, {"voice": "v"}, {"rate": 1.5}]
)
def test_key_differs_with_all_that_is_heard(change: dict[str, object]) -> None:
    """Text, language, voice, rate and engine each make another piece; its number does not."""
    order = Order("text")
    changed = dataclasses.replace(order, **change)  # type: ignore[arg-type]
    assert piece_key("e", changed) != piece_key("e", order) != piece_key("f", order)
    assert piece_key("e", dataclasses.replace(order, piece=7)) == piece_key("e", order)


def test_store_tells_nothing_of_what_was_said(tmp_path: Path) -> None:
    """Neither name nor content holds the text, and nobody else may look."""
    store = a_store(tmp_path)
    order = Order("a rather secret sentence")
    key = piece_key("e", order)
    assert store.put(key, encode_piece(key, a_piece()))
    folder = tmp_path / "cache"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"secret" not in path.read_bytes()
        assert "secret" not in path.name


def test_store_closes_a_folder_that_was_open_to_others(tmp_path: Path) -> None:
    """A folder with other rights is given those that it must have."""
    (tmp_path / "cache").mkdir(mode=0o755)
    a_store(tmp_path)
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_store_removes_what_is_corrupt(tmp_path: Path) -> None:
    """A broken entry is a miss, once; then it is gone."""
    store = a_store(tmp_path)
    path = tmp_path / "cache" / KEY
    path.write_bytes(b"rubbish")
    assert read(store, KEY) is None
    assert not path.exists()
    assert read(store, KEY) is None


def test_store_follows_no_link(tmp_path: Path) -> None:
    """A link in the folder leads nowhere: only files that were written here are read."""
    store = a_store(tmp_path)
    (tmp_path / "elsewhere").write_bytes(encode_piece(KEY, a_piece()))
    (tmp_path / "cache" / KEY).symlink_to(tmp_path / "elsewhere")
    assert read(store, KEY) is None


def test_store_takes_no_path_for_a_key(tmp_path: Path) -> None:
    """What is no hash never reaches the file system."""
    with pytest.raises(ValueError, match="no key"):
        a_store(tmp_path).open("../" + KEY)


def test_store_lets_the_least_recently_used_go(tmp_path: Path) -> None:
    """Of three entries where two fit, the one that was not asked for is dropped."""
    raw = [encode_piece(number_key(n), a_piece()) for n in range(3)]
    store = a_store(tmp_path, limit_bytes=2 * len(raw[0]))
    for number in (0, 1):
        store.put(number_key(number), raw[number])
        os.utime(tmp_path / "cache" / number_key(number), ns=(number, number))
    assert read(store, number_key(0)) is not None
    store.put(number_key(2), raw[2])
    assert [read(store, number_key(n)) is not None for n in range(3)] == [True, False, True]


@given(sizes=st.lists(st.integers(1, 3_000), min_size=1, max_size=25))
def test_store_never_exceeds_its_bound(
    sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is put, the files together are no larger than the limit."""
    folder = tmp_path_factory.mktemp("bound")
    store = a_store(folder, limit_bytes=5_000)
    for number, samples in enumerate(sizes):
        key = number_key(number)
        raw = encode_piece(key, a_piece(samples))
        assert store.put(key, raw) == (len(raw) <= 5_000)
        total = sum(path.stat().st_size for path in (folder / "cache").iterdir())
        assert total == store.size_bytes <= 5_000


def test_store_clears_up_after_a_writer_that_was_killed(tmp_path: Path) -> None:
    """Half an entry under the temporary name is in nobody's way."""
    store = a_store(tmp_path)
    left = tmp_path / "cache" / "writing"
    left.write_bytes(b"half")
    raw = encode_piece(KEY, a_piece())
    assert store.put(KEY, raw)
    assert not left.exists()
    assert read(store, KEY) is not None


def test_cached_engine_says_the_same_again_with_its_marks(tmp_path: Path) -> None:
    """The second time the engine is not asked; audio, marks, language and voice are as before."""
    first = Scene(tmp_path)
    order = Order("some words to say", language="en")
    audio, made = first.say(order)
    first.close()
    second = Scene(tmp_path, fault_text="")
    again, made_again = second.say(dataclasses.replace(order, piece=4))
    second.close()
    assert made_again == made
    assert np.abs(again - audio).max() < 1e-4
    assert first.metrics.lookups.values == {"hit": 0, "miss": 1}
    assert second.metrics.lookups.values == {"hit": 1, "miss": 0}


def test_cached_engine_mends_a_piece_whose_rest_is_damaged(tmp_path: Path) -> None:
    """Its first sound was heard before that was seen: the voice itself says the rest, once."""
    scene, order = Scene(tmp_path), Order("some words to say", language="en")
    whole, made = scene.say(order)
    scene.close()
    path = tmp_path / "cache" / scene.key(order)
    raw = path.read_bytes()
    path.write_bytes(raw[:-2] + bytes(2))
    again = Scene(tmp_path)
    mended, made_again = again.say(order)
    again.close()
    assert made_again == made
    assert mended.size == whole.size
    assert np.abs(mended - whole).max() < 1e-4
    assert path.read_bytes() == raw


def test_cached_engine_keeps_nothing_that_was_broken_off(tmp_path: Path) -> None:
    """A piece that its caller no longer wanted is not whole."""
    scene, order = Scene(tmp_path, chunk_ms=10), Order("a long text that is cut")
    scene.say(order, chunks=2)
    scene.close()
    assert read(scene.store, scene.key(order)) is None


def test_cached_engine_keeps_no_silence(tmp_path: Path) -> None:
    """A voice that was mute once is asked again."""
    scene = Scene(tmp_path, fault="silence")
    scene.say(Order("words"))
    scene.close()
    assert not scene.store.touch(scene.key(Order("words")))


def test_cached_engine_stops_when_told(tmp_path: Path) -> None:
    """Also what comes from memory ends with the chunk that is refused."""
    scene = Scene(tmp_path)
    order = Order("some words to say that are long enough for two chunks")
    whole, _ = scene.say(order)
    scene.close()
    again = Scene(tmp_path)
    part, _ = again.say(order, chunks=2)
    again.close()
    assert part.size == 1_440 + 4_800 < whole.size


class Queue:
    """Runs jobs as the engine thread does, one after the other, when told."""

    def __init__(self) -> None:
        self.jobs: list[Job[object]] = []
        self.ready = True

    def submit(self, job: Job[object]) -> None:
        """Take a job, or refuse it."""
        if not self.ready:
            raise NotReadyError("leaving")
        self.jobs.append(job)

    def run(self) -> int:
        """Run all; returns how many there were."""
        count = 0
        while self.jobs:
            job = self.jobs.pop(0)
            assert job.duty is Duty.BACKGROUND
            count += 1
            try:
                result = job.run()
            except EngineError as error:
                job.failed(error)
            else:
                job.done(result)
        return count


def preload(queue: Queue, *texts: str) -> Preload:
    """The phrases, to be made by the queue."""
    return Preload([Order(text) for text in texts], queue.submit, lambda _text: 1.0, LOG)


def test_preload_has_every_phrase_made_once(tmp_path: Path) -> None:
    """After it, all are hits; one that fails keeps none of the others back."""
    scene, queue = Scene(tmp_path, fault="raise", fault_text="bad"), Queue()
    ahead = preload(queue, "one phrase", "a bad phrase", "another")
    ahead.begin(scene.engine)
    ahead.begin(scene.engine)
    assert queue.run() > 3
    scene.close()
    again = Scene(tmp_path, fault="raise", fault_text="bad")
    for text in ("one phrase", "another"):
        again.say(Order(text))
    again.close()
    assert scene.metrics.lookups.values == {"hit": 0, "miss": 0}
    assert again.metrics.lookups.values == {"hit": 2, "miss": 0}


def test_preload_ends_when_the_service_leaves(tmp_path: Path) -> None:
    """A refused job is the last one."""
    scene, queue = Scene(tmp_path), Queue()
    ahead = preload(queue, "one phrase", "another")
    ahead.begin(scene.engine)
    queue.ready = False
    assert queue.run() == 1
    scene.close()
