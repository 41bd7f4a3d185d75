"""The voice that spells in tones, and goes wrong at the sample that it is told."""

from pathlib import Path

import numpy as np
import pytest

from streamtalk.proto.errors import EngineError
from streamtalk.proto.synthesis import Mark
from streamtalk.tts.config import LettersSettings, ScriptedSettings
from streamtalk.tts.engine import Made, Order, Samples
from streamtalk.tts.engines.scripted import ScriptedEngine
from streamtalk.tts.letters import LETTERS, pitch_hz, say

pytestmark = pytest.mark.unit

TEXT = "abc de, fgh."


def _speak(settings: LettersSettings) -> tuple[Samples, list[Mark], Made | None]:
    """Audio, marks told on the way, and what was made; None where the voice failed."""
    engine = ScriptedEngine(ScriptedSettings(letters=settings))
    audio: list[Samples] = []
    told: list[Mark] = []

    def take(part: Samples) -> bool:
        audio.append(part)
        return True

    steps, made = engine.speak(Order(TEXT), take), None
    try:
        while True:
            known = next(steps)
            told += known or ()
    except StopIteration as end:
        made = end.value
    except EngineError:
        pass
    return np.concatenate(audio), told, made


def test_letters_have_pitches_of_their_own_and_lengths_of_a_seed() -> None:
    """The same piece is the same; another seed has other lengths, the same words."""
    assert len({pitch_hz(letter) for letter in LETTERS}) == len(LETTERS)
    first, again, other = say(TEXT, 1, 0.1), say(TEXT, 1, 0.1), say(TEXT, 2, 0.1)
    assert np.array_equal(first[0], again[0])
    assert first[0].size != other[0].size
    assert [mark.char for mark in first[1]] == [mark.char for mark in other[1]] == [0, 4, 8]


def test_exact_voice_tells_its_words_before_it_says_them() -> None:
    """An estimating one tells none, and says at the end that it only guessed."""
    audio, told, made = _speak(LettersSettings(seed=5))
    assert made is not None
    assert (made.marks, made.estimated) == (told, False)
    assert np.array_equal(audio, say(TEXT, 5, 0.1)[0])
    _, told, made = _speak(LettersSettings(seed=5, exact=False))
    assert made is not None
    assert (told, made.estimated) == ([], True)


@pytest.mark.parametrize("kind", ["error", "silence", "stall"])
def test_fault_comes_at_the_sample_that_was_ordered(kind: str, tmp_path: Path) -> None:
    """Once; what was said until then is right, and the order is taken away."""
    order = tmp_path / "fault"
    order.write_text(f"{kind} 130.5", encoding="ascii")
    settings = LettersSettings(seed=5, fault_file=str(order), stall_ms=1.0)
    audio, _, made = _speak(settings)
    whole = say(TEXT, 5, 0.1)[0]
    assert not order.exists()
    at = 3_132
    assert np.array_equal(audio[:at], whole[:at])
    if kind == "error":
        assert (audio.size, made) == (at, None)
    elif kind == "stall":
        assert np.array_equal(audio, whole)
    else:
        assert not audio[at : at + 3 * 24_000].any()
