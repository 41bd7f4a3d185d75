"""`talk`: one command from nothing to a spoken answer, and back to nothing."""

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from tests.support.recorder import eventually
from tests.support.sound_card import SoundCard, started_sound_card
from tests.support.stack import (
    RunningStack,
    command,
    private_environment,
    private_folder,
    processes_of,
    running_stack,
    spawn,
)

pytestmark = pytest.mark.conversation

NO_SOUND_CARD = """pcm.nocard {
    type hw
    card 99
    hint { show on description "no card" }
}
"""
"""ALSA with a name for a card that is not there: PortAudio aborts where there is no name at all."""


def _without_sound_card(folder: Path) -> dict[str, str]:
    path = folder / "alsa.conf"
    path.write_text(NO_SOUND_CARD, encoding="utf-8")
    return private_environment(folder, ALSA_CONFIG_PATH=str(path))


def _loudest(path: Path) -> int:
    samples, _ = soundfile.read(path, dtype="int16")
    return int(np.abs(samples).max())


@pytest.mark.skipif(sys.platform != "linux", reason="only ALSA's devices can be hidden")
def test_machine_without_a_microphone_still_gets_an_answer() -> None:
    """It says so, asks itself, answers aloud into a file, and leaves no process."""
    with private_folder() as folder:
        environment = _without_sound_card(folder)
        done = command(environment, "talk", "--out-dir", str(folder / "out"))
        assert done.code == 0, done.err
        assert processes_of(folder) == []
        assert "No microphone here" in done.out
        assert re.search(r"^it:  .*\bIt's .*\[\d+ ms\]$", done.out, flags=re.MULTILINE)
        assert str(folder / "out" / "answer.wav") in done.out
        assert _loudest(folder / "out" / "answer.wav") > 1_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_start_leaves_no_process(number: signal.Signals) -> None:
    """Ctrl-C while the services come up takes all of them down again."""
    with private_folder() as folder:
        environment = _without_sound_card(folder)
        with spawn(environment, "talk") as process:
            assert eventually(lambda: _services(folder) >= 3, timeout_s=60.0)
            process.send_signal(number)
            process.communicate(timeout=60)
        assert process.returncode != 0
        assert processes_of(folder) == []


def _services(folder: Path) -> int:
    return sum("streamtalk" in " ".join(p.cmdline()) for p in processes_of(folder)) - 1


@pytest.fixture(scope="module")
def scene() -> Iterator[tuple[RunningStack, SoundCard]]:
    """A stack that runs before `talk` is called, on a sound card of its own."""
    with started_sound_card() as card:
        devices = {
            "STREAMTALK_AUDIO_IO__MICROPHONE": card.MIC,
            "STREAMTALK_AUDIO_IO__LOUDSPEAKER": card.SPEAKER,
        }
        kept = {k: v for k, v in card.environment.items() if k == "ALSA_CONFIG_PATH"}
        with running_stack(**devices, **kept) as found:
            yield found, card


def test_words_spoken_into_the_microphone_are_answered(
    scene: tuple[RunningStack, SoundCard], tmp_path: Path
) -> None:
    """A question out of the air, the transcript in the terminal, the answer from the speaker."""
    running, card = scene
    question = _question(running, tmp_path)
    with running.spawn("talk", "--session", "live-1") as process:
        try:
            assert process.stdout is not None
            assert "listening" in process.stdout.readline()
            with card.speaker.recording() as heard, card.microphone.playing(question):
                eventually(lambda: _reply_of(running) != "", timeout_s=40.0)
        finally:
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "you: what time is it" in out
    assert "it:  " in out
    assert np.abs(heard[0]).max() > 1_000
    assert running.command("status", "--json").code == 0


def _question(running: RunningStack, folder: Path) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    path = folder / "question.wav"
    assert running.command("say", "What time is it?", "--out", str(path)).code == 0
    speech = (read_microphone(path) * 0.35).astype(np.int16)
    noise = np.random.default_rng(3).normal(0, 40, MIC_RATE_HZ * 25).astype(np.int16)
    noise[MIC_RATE_HZ : MIC_RATE_HZ + len(speech)] += speech
    return noise


def _reply_of(running: RunningStack) -> str:
    done = running.command("history", "export", "live-1")
    if done.code:
        return ""
    found = re.search(r'"heard_text": "([^"]+)"', done.out)
    return found.group(1) if found else ""


def test_bad_session_name_starts_nothing() -> None:
    """A session name that is none is refused before anything is started."""
    with private_folder() as folder:
        done = command(private_environment(folder), "talk", "--session", "Not A Session")
        assert (done.code, "1 to 64" in done.err) == (1, True)
        assert processes_of(folder) == []
        assert not (folder / "run").exists()
