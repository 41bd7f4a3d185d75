"""Voices to keep: one made up by the model, or one heard in a recording."""

from pathlib import Path
from typing import Final

import msgspec
import soundfile

from streamtalk.proto.errors import InputError
from streamtalk.tts.spark.checkpoint import Checkpoint
from streamtalk.tts.spark.prompt import Style
from streamtalk.tts.spark.speaker import LONGEST_S, load_speaker, read_recording
from streamtalk.tts.spark.speech import SparkModel
from streamtalk.tts.spark.voices import StoredVoice

TEXTS: Final = {
    "en": "Hello, it is nice to meet you. What shall we talk about today?",
    "zh": "你好,很高兴认识你。今天我们聊点什么呢?",
}
"""What a voice of each language says when it is made up, or tried out."""


def made_up(model: SparkModel, style: Style, language: str = "en") -> StoredVoice:
    """A new voice; raises EngineError where the model fails to make one."""
    tokens = model.create_voice(TEXTS[language], style)
    traits = f"{style.gender}, pitch {style.pitch}, speed {style.speed}"
    return StoredVoice(
        global_tokens=tuple(tokens),
        language=language,
        description=f"made up: {traits}",
        source=f"style {traits}",
    )


def cloned(folder: Path, recording: Path, language: str = "en") -> StoredVoice:
    """The voice of a recording, by the speaker encoder of the checkpoint in `folder`.

    Raises InputError: no audio, silent, shorter than 1 s or longer than 120 s.
    """
    _refuse_long(recording)
    checkpoint = Checkpoint(folder)
    samples = read_recording(recording, checkpoint.audio.sample_rate)
    tokens = load_speaker(checkpoint).global_tokens(samples)
    fields = {"language": language, "description": "cloned", "source": "recording"}
    return msgspec.convert({**fields, "global_tokens": tokens}, StoredVoice)


def _refuse_long(recording: Path) -> None:
    try:
        length_s = soundfile.info(recording).duration
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputError(f"{recording} cannot be read as audio: {error}") from error
    if length_s > LONGEST_S:
        raise InputError(
            f"{recording} lasts {length_s:.0f} s, at most {LONGEST_S:.0f} are heard: cut out about "
            "6 s of one voice"
        )
