"""A loaded PocketSphinx, a voice to speak to it, and a grammar of commands."""

from collections.abc import Callable

import numpy as np
import pytest
import soxr

from streamtalk.asr.config import PocketSphinxSettings
from streamtalk.asr.engines.pocketsphinx import PocketSphinxEngine
from streamtalk.asr.loudness import to_pcm
from streamtalk.tts.config import EspeakSettings
from streamtalk.tts.engine import Order, Samples
from streamtalk.tts.engines.espeak import EspeakEngine

Say = Callable[[str], bytes]

COMMANDS = """#JSGF V1.0;
grammar commands;
public <command> = [please] <intent> [please];
<digit> = one | two | three | four | five | six | seven | eight | nine;
<tens> = twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety;
<number> = <digit> | ten | eleven | twelve | fifteen | <tens> [<digit>];
<unit> = second | seconds | minute | minutes | hour | hours;
<intent> = <time> | <sum> | <timer> | <control>;
<time> = what time is it | what is the time | tell me the time | what day is it | what is the date;
<sum> = (what is | how much is) <number> (plus | minus | times | divided by) <number>;
<timer> = set a timer for <number> <unit> | cancel the timer | how much time is left;
<control> = stop | repeat that | say that again | speak slower | louder | what can you do
  | thank you | what did I say | who are you | good morning;
"""


@pytest.fixture
def engine() -> PocketSphinxEngine:
    """PocketSphinx with its default settings, that has heard the noise of no other test."""
    made = PocketSphinxEngine(PocketSphinxSettings())
    made.load()
    return made


@pytest.fixture(scope="session")
def say() -> Say:
    """Speaks a text with eSpeak NG between pauses of 0.3 s; 16 kHz s16le."""
    voice = EspeakEngine(EspeakSettings(words_per_minute=150))
    voice.load()
    pause = np.zeros(4_800, np.float32)

    def speak(text: str) -> bytes:
        chunks: list[Samples] = []

        def keep(samples: Samples) -> bool:
            chunks.append(samples.copy())
            return True

        for _ in voice.speak(Order(text, language="en"), keep):
            pass
        spoken = soxr.resample(np.concatenate(chunks), 24_000, 16_000)
        return to_pcm(np.concatenate([pause, np.asarray(spoken, np.float32), pause]))

    return speak
