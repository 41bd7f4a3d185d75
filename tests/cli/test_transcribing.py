"""Recordings of every kind through the real command and a real recogniser process."""

import os
import signal
import struct
import subprocess
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from streamtalk.client.rundir import RunDir
from tests.support.processes import Processes, processes
from tests.support.recordings import recording
from tests.support.stack import Done, command, private_environment, private_folder, spawn

pytestmark = pytest.mark.process

Voice = NDArray[np.float32]
RATE_HZ = 16_000
TEXT = "Zanzibar marmalade. 你好，世界。"


class Scene:
    """A registry, a scripted recogniser, and the environment of a command."""

    def __init__(self, folder: Path, running: Processes, environment: dict[str, str]) -> None:
        self.folder = folder
        self.running = running
        self.environment = environment

    def command(self, *arguments: str) -> Done:
        """`streamtalk transcribe` to its end."""
        return command(self.environment, "transcribe", *arguments)

    def spawn(self, *arguments: str) -> subprocess.Popen[str]:
        """`streamtalk transcribe`, going on."""
        return spawn(self.environment, "transcribe", *arguments)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """A recogniser that says the same of everything, in two languages."""
    with _scene() as made:
        yield made


@contextmanager
def _scene(settings: str = "") -> Iterator[Scene]:
    """With more settings of the scripted engine."""
    with private_folder() as folder, processes(folder / "run") as running:
        environment = private_environment(folder)
        config = folder / "streamtalk.toml"
        config.write_text(
            f'[asr]\nengine = "scripted"\n'
            f'[asr.engines.scripted]\ntexts = ["{TEXT}"]\nlanguages = []\n{settings}',
            encoding="utf-8",
        )
        own = {**environment, "STREAMTALK_CONFIG": str(config)}
        running.start("registry", environment=own)
        running.start("asr", environment=own)
        running.wait_ready("registry_0", "asr_0")
        running.wait(lambda: _listed(running), "asr in the directory")
        yield Scene(folder, running, dict(environment))


def _listed(running: Processes) -> bool:
    directory = running.directory()
    return directory is not None and any(
        i.service == "asr" and i.ready for i in directory.instances
    )


@pytest.fixture(scope="module")
def speech() -> Voice:
    """A person for a few seconds, 16 kHz; skips where the recordings are absent."""
    samples, _ = soundfile.read(recording("en/sb_spk1_snt1.wav").path, dtype="float32")
    return np.asarray(samples)


def test_formats_come_from_the_same_words(scene: Scene, speech: Voice, tmp_path: Path) -> None:
    """Text, both kinds of subtitles and JSON of one recording, into files in a folder."""
    path = tmp_path / "talk.wav"
    soundfile.write(path, speech, RATE_HZ)
    for form in ("txt", "srt", "vtt", "json"):
        done = scene.command(str(path), "--format", form, "--out", str(tmp_path))
        assert (done.code, done.out) == (0, ""), done.err
    assert (tmp_path / "talk.txt").read_text("utf-8") == f"{TEXT}\n"
    assert "00:00:0" in (tmp_path / "talk.srt").read_text("utf-8")
    assert (tmp_path / "talk.vtt").read_text("utf-8").startswith("WEBVTT")
    assert '"words": [{' in (tmp_path / "talk.json").read_text("utf-8")
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".srt", ".txt", ".vtt", ".wav"]


@pytest.mark.parametrize(
    "kind", ["stereo", "8 kHz", "44.1 kHz", "clipped", "NaN", "half", "flac", "one channel of six"]
)
def test_every_kind_of_recording_is_heard(
    scene: Scene, speech: Voice, tmp_path: Path, kind: str
) -> None:
    """What another recorder made of the same voice has the same words and the same length."""
    path = tmp_path / ("talk.flac" if kind == "flac" else "talk.wav")
    _write(path, kind, speech)
    report = scene.command(str(path), "--json").json()
    assert report["text"] == TEXT
    share = 0.75 if kind == "half" else 1.0
    assert report["audio_s"] == pytest.approx(len(speech) / RATE_HZ * share, abs=0.1)


def _write(path: Path, kind: str, speech: Voice) -> None:
    if kind == "stereo":
        soundfile.write(path, np.stack([speech, speech * 0.5], axis=1), RATE_HZ)
    elif kind in {"8 kHz", "44.1 kHz"}:
        rate_hz = round(float(kind.split(maxsplit=1)[0]) * 1_000)
        soundfile.write(path, soxr.resample(speech, RATE_HZ, rate_hz), rate_hz)
    elif kind == "clipped":
        soundfile.write(path, np.clip(speech * 40, -1, 1), RATE_HZ)
    elif kind == "NaN":
        broken = speech.copy()
        broken[1_000:1_100] = np.nan
        broken[2_000] = np.inf
        soundfile.write(path, broken, RATE_HZ, subtype="FLOAT")
    elif kind == "half":
        soundfile.write(path, speech, RATE_HZ)
        os.truncate(path, 44 + int(len(speech) * 0.75) * 2)
    elif kind == "one channel of six":
        silent = np.zeros_like(speech)
        soundfile.write(path, np.stack([speech, *[silent] * 5], axis=1), RATE_HZ)
    else:
        soundfile.write(path, speech, RATE_HZ)


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "is empty"),
        (b"not a recording at all", "no audio file"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "no audio file"),
        (None, "no file"),
    ],
)
def test_what_is_no_audio_is_named(
    scene: Scene, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """One line on standard error with the name of the file and the reason; exit code 1."""
    path = tmp_path / "talk.wav"
    if content is not None:
        path.write_bytes(content)
    done = scene.command(str(path), "--out", str(tmp_path / "out.txt"))
    assert (done.code, done.out) == (1, "")
    assert f"{path}" in done.err
    assert reason in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out.txt").exists()


def test_recording_without_a_sample_is_named(scene: Scene, tmp_path: Path) -> None:
    """A well-formed file with nothing in it is an error, not an empty transcript."""
    path = tmp_path / "none.wav"
    soundfile.write(path, np.zeros(0), RATE_HZ)
    done = scene.command(str(path))
    assert (done.code, "holds no audio" in done.err) == (1, True)


@pytest.mark.parametrize("samples", [1, 511, RATE_HZ])
def test_recording_in_which_nobody_speaks_has_no_words(
    scene: Scene, tmp_path: Path, samples: int
) -> None:
    """One sample, less than a chunk of the model, and a second of hiss: defined, and empty."""
    path = tmp_path / "hiss.wav"
    noise = np.random.default_rng(3).normal(0, 0.002, samples)
    soundfile.write(path, noise, RATE_HZ)
    report = scene.command(str(path), "--json").json()
    assert (report["text"], report["words"]) == ("", [])
    assert report["audio_s"] == round(samples / RATE_HZ, 3)


def test_three_hours_are_cut_into_calls(scene: Scene, speech: Voice, tmp_path: Path) -> None:
    """Speech every half hour of three hours is found, each at its place, in pieces of its own."""
    path, hours = tmp_path / "long.wav", 3
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
    pcm = (speech * 32_767).astype("<i2").tobytes()
    data_bytes = hours * 3_600 * RATE_HZ * 2
    with path.open("r+b") as raw:
        raw.seek(4)
        raw.write(struct.pack("<I", 36 + data_bytes))
        raw.seek(40)
        raw.write(struct.pack("<I", data_bytes))
        raw.truncate(44 + data_bytes)
        for half_hour in range(2 * hours):
            raw.seek(44 + half_hour * 1_800 * RATE_HZ * 2)
            raw.write(pcm)
    report = scene.command(str(path), "--json").json()
    assert report["audio_s"] == hours * 3_600
    assert [round(s["from_s"]) for s in report["segments"]] == [1_800 * n for n in range(2 * hours)]


def test_several_recordings_are_written_apart(scene: Scene, speech: Voice, tmp_path: Path) -> None:
    """One bad file among them is named, and the others are transcribed all the same."""
    names = [tmp_path / f"{name}.wav" for name in ("one", "two", "three")]
    soundfile.write(names[0], speech, RATE_HZ)
    names[1].write_text("rubbish")
    soundfile.write(names[2], speech, RATE_HZ)
    out = tmp_path / "out"
    done = scene.command(*map(str, names), "--out", str(out), "--format", "srt")
    assert (done.code, str(names[1]) in done.err) == (1, True)
    assert sorted(path.name for path in out.iterdir()) == ["one.srt", "three.srt"]


def test_wrong_use_is_said_before_anything_is_done(scene: Scene, tmp_path: Path) -> None:
    """An unknown format, subtitles of two on one output, and an output that is an input."""
    path = tmp_path / "talk.wav"
    for arguments in (
        [str(path), "--format", "doc"],
        [str(path), str(path), "--format", "srt"],
        [str(path), "--out", str(path)],
    ):
        done = scene.command(*arguments)
        assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)


def test_interrupt_leaves_no_file_and_says_how_far_it_came(speech: Voice, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a recording, of which one piece is done: no output, exit code 130."""
    path, out = tmp_path / "talk.wav", tmp_path / "talk.srt"
    soundfile.write(path, np.tile(speech, 40), RATE_HZ)
    with _scene('fault = "hang"\nfault_after = 1\n') as scene:
        before = _done(scene)
        with scene.spawn(str(path), "--out", str(out)) as process:
            scene.running.wait(lambda: _done(scene) > before, "a piece")
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped at 0:0" in err
    assert f"{out} was not written" in err
    assert sorted(tmp_path.iterdir()) == [path]


def _done(scene: Scene) -> int:
    health = scene.running.health("asr_0")
    return health.instance.items_done if health is not None else 0


def test_words_are_in_no_log(scene: Scene) -> None:
    """Nothing that was transcribed stands in a file of the run directory."""
    logs = RunDir(scene.folder / "run").logs
    texts = [path.read_text("utf-8", "replace") for path in logs.rglob("*") if path.is_file()]
    assert texts
    assert not any("Zanzibar" in text or "世界" in text for text in texts)
