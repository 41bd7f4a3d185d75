"""`streamtalk say` with the real voice: what it writes, leaves, and says of bad input."""

import io
import os
import pty
import resource
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from streamtalk.proto.audio import SPEECH_RATE_HZ
from tests.support.recorder import eventually
from tests.support.stack import RunningStack

pytestmark = pytest.mark.process

TEXT = "What is seven times eight?"
LONG = "The quick brown fox jumps over the lazy dog, and seven wizards watch it. " * 200


def samples_of(source: Path | io.BytesIO) -> Any:  # noqa: ANN401 — soundfile has no types
    """What libsndfile reads of it."""
    samples, rate_hz = soundfile.read(source, dtype="int16")
    assert rate_hz == SPEECH_RATE_HZ
    return samples


def parts(folder: Path) -> list[Path]:
    """Files that are not whole."""
    return [path for path in folder.iterdir() if path.suffix == ".part"]


@pytest.fixture(scope="module")
def folder(stack: RunningStack) -> Iterator[Path]:
    """An empty folder; every test leaves only what it names in it."""
    path = Path(stack.environment["HOME"]) / "said"
    path.mkdir()
    yield path
    assert parts(path) == []


@pytest.fixture(scope="module")
def reference(stack: RunningStack, folder: Path) -> Any:  # noqa: ANN401
    """The text as samples of a WAV file."""
    path = folder / "reference.wav"
    assert stack.command("say", TEXT, "--out", str(path)).code == 0
    return samples_of(path)


@pytest.mark.parametrize(
    "name,form,kind",
    [("a.flac", None, "FLAC"), ("a.mp3", None, "MP3"), ("b.sound", "flac", "FLAC")],
)
def test_say_writes_the_format_that_is_wanted(
    stack: RunningStack,
    folder: Path,
    reference: Any,  # noqa: ANN401
    name: str,
    form: str | None,
    kind: str,
) -> None:
    """By the end of its name or by `--format`, the file holds the same speech."""
    path = folder / name
    options = ["--format", form] if form else []
    done = stack.command("say", TEXT, "--out", str(path), *options)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert soundfile.info(path).format == kind
    samples = samples_of(path)
    assert len(samples) == len(reference)
    assert np.abs(samples).max() > 1_000


def pipe(stack: RunningStack, *arguments: str, text: str = TEXT, **options: Any) -> bytes:  # noqa: ANN401
    """What `say TEXT --out -` sends; it ends well and says nothing."""
    with stack.spawn_bytes("say", text, "--out", "-", *arguments, **options) as process:
        out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (0, b"")
    return bytes(out)


@pytest.mark.parametrize("form", ["wav", "flac", "mp3"])
def test_say_sends_a_file_to_standard_output(
    stack: RunningStack,
    reference: Any,  # noqa: ANN401
    form: str,
) -> None:
    """What comes through the pipe is a file of that format with the whole speech in it."""
    samples = samples_of(io.BytesIO(pipe(stack, "--format", form)))
    assert len(samples) == len(reference)
    assert np.abs(samples).max() > 1_000


def test_say_sends_bare_samples(stack: RunningStack, reference: Any) -> None:  # noqa: ANN401
    """Raw is s16le and nothing else; a text may come through standard input."""
    with stack.spawn_bytes(
        *("say", "-", "--out", "-", "--format", "raw"), stdin=subprocess.PIPE
    ) as process:
        out, err = process.communicate(TEXT.encode(), timeout=100)
    assert (process.returncode, err) == (0, b"")
    assert len(out) == 2 * len(reference)


def test_say_ends_quietly_when_nobody_reads_on(stack: RunningStack) -> None:
    """A reader that has enough is no error, and the rest is not spoken."""
    with stack.spawn_bytes("say", LONG, "--out", "-") as process:
        assert process.stdout is not None
        assert process.stdout.read(4)[:4] == b"RIFF"
        process.stdout.close()
        assert process.wait(100) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""


def cancels(stack: RunningStack) -> int:
    """How many `cancel` calls the voice has got."""
    text = stack.command("metrics", "tts").out
    rows = [line for line in text.splitlines() if 'call="Cancel"' in line and "_count" in line]
    return int(float(rows[0].split()[-1])) if rows else 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_say_that_is_interrupted_leaves_nothing(
    stack: RunningStack, folder: Path, number: signal.Signals
) -> None:
    """The speech is cancelled, no file is there under any name, and an older one is untouched."""
    path = folder / f"interrupted-{number.name}.wav"
    path.write_bytes(b"what was here before")
    before = cancels(stack)
    with stack.spawn("say", LONG, "--out", str(path)) as process:
        assert eventually(lambda: any(part.stat().st_size > 20_000 for part in parts(folder)))
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert path.read_bytes() == b"what was here before"
    assert parts(folder) == []
    assert cancels(stack) == before + 1


def test_say_leaves_no_part_of_a_file_on_a_full_disk(stack: RunningStack, folder: Path) -> None:
    """A disk that takes no more is one line that says so."""
    path = folder / "large.wav"

    def few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    with stack.spawn("say", TEXT, "--out", str(path), preexec_fn=few_bytes) as process:
        _, err = process.communicate(timeout=100)
    assert process.returncode == 1
    assert err.startswith(f"streamtalk: cannot write {path}: ")
    assert err.count("\n") == 1
    assert not path.exists()


BAD_PLACES = [
    ("missing/x.wav", (), 1, "mkdir -p"),
    (".", ("--format", "wav"), 1, "is no file"),
    ("/dev/null", ("--format", "wav"), 1, "`--out -`"),
    ("x.ogg", (), 2, "choose one of wav, flac, mp3, raw"),
    ("x", (), 2, "--format"),
    ("x.wav", ("--format", "opus"), 2, "choose one of"),
    ("-", ("--format", "opus"), 2, "choose one of"),
]


@pytest.mark.parametrize("place,options,code,advice", BAD_PLACES)
def test_say_names_what_is_wrong_with_the_place(
    stack: RunningStack, place: str, options: tuple[str, ...], code: int, advice: str
) -> None:
    """One line that says what to do, whatever cannot be written; wrong usage is code 2."""
    done = stack.command("say", TEXT, "--out", place, *options)
    assert (done.code, done.err.count("\n"), done.out) == (code, 1, "")
    assert advice in done.err


def test_say_names_a_folder_that_may_not_be_written(stack: RunningStack, folder: Path) -> None:
    """A folder without permission, or one that nobody can write, is one line."""
    closed = folder / "closed"
    closed.mkdir(mode=0o500)
    place = Path("/proc/self") if os.geteuid() == 0 else closed
    done = stack.command("say", TEXT, "--out", str(place / "x.wav"))
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert done.err.startswith("streamtalk: cannot write ")


BAD_TEXTS = [
    ("", (), "nothing to say"),
    ("😀🎉👍🏽", (), "nothing to say"),
    ("\x01\x02\x1b\x07", (), "nothing to say"),
    ("half \udcff a pair", (), "UTF-8"),
    ("half \udced\udca0\udc80 a pair", (), "UTF-8"),
    ("hello", ("--language", "tlh"), "no voice for language 'tlh'"),
    ("hello", ("--language", "x" * 65), "streamtalk say --help"),
    ("hello", ("--language", "\udcff"), "streamtalk say --help"),
    ("hello", ("--voice", "klingon"), "no voice 'klingon'"),
    ("ꦲꦏ꧀ꦱꦫ", (), "no voice for language 'jv'"),
    ("ᚠᚢᚦᚨᚱᚲ", (), "no voice for language 'runic'"),
]


@pytest.mark.parametrize("text,options,advice", BAD_TEXTS)
def test_say_names_what_is_wrong_with_the_text(
    stack: RunningStack, folder: Path, text: str, options: tuple[str, ...], advice: str
) -> None:
    """One line, and no file."""
    path = folder / "nothing.wav"
    done = stack.command("say", text, "--out", str(path), *options)
    assert (done.code in (1, 2), done.err.count("\n"), done.out) == (True, 1, "")
    assert advice in done.err
    assert not path.exists()


ODD_TEXTS = [
    "one\x01two\x1b[31m three\x07",
    "שלום עולם، مرحبا بالعالم",
    '<speak>hello</speak><break time="100s"/> & <script>alert(1)</script> &lt;',
    "z" * 5_000,
    "\u202egnirts desrever\u202c",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=["control", "rtl", "ssml", "word", "override"])
def test_say_says_what_is_odd(stack: RunningStack, folder: Path, text: str) -> None:
    """What has letters is speech, no longer than its letters take, and nothing of it is obeyed."""
    path = folder / "odd.wav"
    done = stack.command("say", text, "--out", str(path))
    assert (done.code, done.err) == (0, "")
    samples = samples_of(path)
    assert np.abs(samples).max() > 1_000
    assert 0.3 < len(samples) / SPEECH_RATE_HZ < 2.0 + 0.25 * len(text)


def test_say_reads_a_hundred_thousand_characters(stack: RunningStack) -> None:
    """A book comes through the pipe piece by piece; who has heard enough ends it."""
    text = (LONG * 10)[:100_000]
    read_end, write_end = os.pipe()
    with stack.spawn_bytes(
        *("say", "-", "--out", "-", "--format", "raw"), stdin=read_end
    ) as process:
        os.close(read_end)
        with open(write_end, "wb") as stream:  # noqa: PTH123 — a descriptor
            stream.write(text.encode())
        assert process.stdout is not None
        heard = process.stdout.read(60 * 2 * SPEECH_RATE_HZ)
        process.stdout.close()
        assert process.wait(100) == 0
    assert len(heard) == 60 * 2 * SPEECH_RATE_HZ


def test_say_refuses_input_that_is_no_text(stack: RunningStack, folder: Path) -> None:
    """Bytes of another encoding are named, not guessed at."""
    with stack.spawn_bytes(
        *("say", "-", "--out", str(folder / "none.wav")), stdin=subprocess.PIPE
    ) as process:
        _, err = process.communicate("naïve".encode("latin-1"), timeout=60)
    assert process.returncode == 1
    assert b"iconv" in err
    assert err.count(b"\n") == 1


def test_say_shows_how_far_it_is(stack: RunningStack, folder: Path) -> None:
    """On a terminal: what, percent, seconds of how many; in the end nothing of it is left."""
    ours, theirs = pty.openpty()
    shown = b""
    with stack.spawn("say", LONG, "--out", str(folder / "shown.flac"), stderr=theirs) as process:
        os.close(theirs)
        while True:
            try:
                data = os.read(ours, 65_536)
            except OSError:
                break
            shown += data
        assert process.wait(100) == 0
    os.close(ours)
    text = shown.decode("utf-8", "replace")
    assert "writing shown.flac" in text
    assert "of about" in text
    assert "%" in text
