"""A conversation on a machine without a microphone: our own voice asks, from a WAV file."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from streamtalk.cli.reach import Reach
from streamtalk.cli.say import write
from streamtalk.cli.speech_output import SpeechFile
from streamtalk.cli.spoken_text import Manner, SpokenText, pieces_of
from streamtalk.client.rundir import RunDir
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import InputError

QUESTIONS: Final = ("What time is it?", "What is seven times eight?")
_BEFORE_S: Final = 0.5
_BETWEEN_S: Final = 6.0
"""Longer than the answer to a question takes."""

_LEVEL: Final = 0.35
_ROOM_NOISE: Final = 40.0


def ask_aloud(
    run_dir: RunDir,
    folder: Path,
    texts: Sequence[str],
    progress: Callable[[str], None],
) -> Path:
    """A recording in which our own voice asks the questions; returns its path."""
    with Reach(run_dir) as reach:
        endpoint = reach.instance("tts").endpoint
    spoken = []
    for text in texts:
        progress(text)
        path = folder / f"say-{secrets.token_hex(3)}.wav"
        try:
            with (
                SpeechFile(path, "wav") as file,
                SpokenText(run_dir, endpoint, pieces_of(text), Manner("en")) as voice,
            ):
                write(voice, file)
            spoken.append(read_microphone(path))
        finally:
            path.unlink(missing_ok=True)
    target = folder / "question.wav"
    try:
        soundfile.write(target, in_a_room(spoken), MIC_RATE_HZ, subtype="PCM_16")
    except (soundfile.LibsndfileError, OSError) as error:
        message = f"cannot write {target}: {error}"
        raise InputError(message) from error
    return target


def in_a_room(spoken: Sequence[NDArray[np.int16]]) -> NDArray[np.int16]:
    """The questions one after another at a natural level, over the faint noise that rooms have."""
    parts: list[NDArray[Any]] = [np.zeros(int(_BEFORE_S * MIC_RATE_HZ))]
    for number, samples in enumerate(spoken):
        gap_s = _BETWEEN_S if number else 0.0
        parts += [np.zeros(int(gap_s * MIC_RATE_HZ)), samples * _LEVEL]
    clean = np.concatenate([*parts, np.zeros(int(_BEFORE_S * MIC_RATE_HZ))])
    noise = np.random.default_rng(1).normal(0.0, _ROOM_NOISE, len(clean))
    return np.clip(clean + noise, -32768, 32767).astype(np.int16)
