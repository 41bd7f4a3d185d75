"""One piece in the making, and sound that is none."""

import itertools

import numpy as np
import pytest

from streamtalk.proto.errors import EngineError
from streamtalk.proto.synthesis import Mark, Speak, Spoken
from streamtalk.tts.audible import SilenceGuard, SilenceHold, to_pcm
from streamtalk.tts.config import ScriptedSettings
from streamtalk.tts.engine import Emit, Made, Order, Steps
from streamtalk.tts.engines.scripted import ScriptedEngine
from streamtalk.tts.normal import normalise
from streamtalk.tts.utterance import Utterance

pytestmark = pytest.mark.unit

ONE_SECOND = {"piece_ms": 1_000.0, "tone_hz": 0.0, "level": 0.5, "chunk_ms": 200}


class Making:
    """An utterance of the scripted engine with a clock that ticks 1 ms when it is read."""

    def __init__(self, volume: float = 1.0, **settings: object) -> None:
        ticks = itertools.count(0, 1_000_000)
        speak = Speak(session="s", answer="a", piece=0, text="some words", volume=volume)
        self.pcm: list[bytes] = []
        self.engine = ScriptedEngine(ScriptedSettings(**{**ONE_SECOND, **settings}))  # type: ignore[arg-type]
        self.utterance = Utterance(
            speak, normalise(speak.text), self.pcm.append, lambda: next(ticks)
        )

    def finish(self) -> Spoken:
        """Step until all is made."""
        while (spoken := self.utterance.step(self.engine)) is None:
            pass
        return spoken


def test_utterance_brings_one_chunk_a_step() -> None:
    """Between two chunks the engine is free for another session."""
    making = Making()
    for step in range(1, 4):
        assert making.utterance.step(making.engine) is None
        assert len(making.pcm) == step


def test_utterance_tells_total_and_times() -> None:
    """The reply counts every sample, and the time from the order to the first of them."""
    making = Making()
    spoken = making.finish()
    assert spoken.total_samples == 24_000 == sum(map(len, making.pcm)) // 2
    assert 0 < spoken.first_audio_ms < spoken.compute_ms
    assert [mark.char for mark in spoken.marks] == [0, 5]


def test_long_silence_goes_out_only_when_sound_follows_it() -> None:
    """50 ms of it do at once; of a voice that has fallen mute no more than that."""
    hold, loud, mute = SilenceHold(), np.ones(2_400, np.float32), np.zeros(7_200, np.float32)
    assert [part.size for part in hold.take(loud)] == [2_400]
    assert [part.size for part in hold.take(mute)] == [1_200]
    assert hold.sounded == 2_400
    assert [part.size for part in hold.take(loud)] == [6_000, 2_400]
    assert hold.sounded == 12_000
    assert [part.size for part in hold.release()] == []


def test_words_of_a_mute_voice_are_not_told() -> None:
    """A mark is told with the sound after which it lies, so that nobody goes on behind silence."""
    told: list[int] = []
    audio = [np.ones(2_400, np.float32), np.zeros(2_400, np.float32), np.ones(2_400, np.float32)]

    class Engine(ScriptedEngine):
        def speak(self, order: Order, emit: Emit) -> Steps:
            del order
            begins = ((0, 0), (2_000, 4), (3_000, 8), (5_000, 12))
            yield [Mark(sample=sample, char=char) for sample, char in begins]
            for part in audio:
                emit(part)
                yield None
            return Made([], False, "en", "v")

    speak = Speak(session="s", answer="a", piece=0, text="the cat sat now")
    utterance = Utterance(
        speak,
        normalise(speak.text),
        lambda _: None,
        itertools.count().__next__,
        lambda marks: told.extend(mark.sample for mark in marks),
    )
    engine, seen = Engine(ScriptedSettings()), []
    while utterance.step(engine) is None:
        seen.append(list(told))
    assert seen == [[0, 2_000], [0, 2_000], [0, 2_000, 3_000, 5_000]]


def test_utterance_stops_between_chunks() -> None:
    """After a cancel no more audio comes, and no reply."""
    making = Making()
    making.utterance.step(making.engine)
    making.utterance.cancelled = True
    assert making.utterance.step(making.engine) is None
    assert len(making.pcm) == 1


def test_utterance_never_calls_silence_a_success() -> None:
    """A voice that makes zeros where there are words has failed."""
    with pytest.raises(EngineError, match="silence"):
        Making(fault="silence").finish()


def test_utterance_may_be_mute_on_request() -> None:
    """With volume 0, silence is what was asked for."""
    making = Making(volume=0.0)
    making.finish()
    assert not any(b"".join(making.pcm))


def test_utterance_passes_a_failure_on_after_the_first_chunks() -> None:
    """An engine that fails in the middle has failed, whatever it made before."""
    making = Making(fault="raise", fault_after_chunks=2)
    with pytest.raises(EngineError, match="told to fail"):
        making.finish()
    assert len(making.pcm) == 2


def test_silence_guard_allows_pauses() -> None:
    """A pause between words is no failure; going mute is."""
    guard = SilenceGuard(limit_samples=24_000)
    loud, mute = np.full(100, 0.5, np.float32), np.zeros(20_000, np.float32)
    for audio in (mute, loud, mute, loud, mute):
        guard.take(audio)
    with pytest.raises(EngineError, match="mute"):
        guard.take(mute)


def test_to_pcm_scales_and_clips() -> None:
    """Volume is a factor, and what is too loud does not wrap around."""
    audio = np.array([0.5, -0.5, 1.0, -1.0], np.float32)
    assert np.frombuffer(to_pcm(audio, 0.5), "<i2").tolist() == [8_192, -8_192, 16_384, -16_384]
    assert np.frombuffer(to_pcm(audio, 2.0), "<i2").tolist() == [32_767, -32_767, 32_767, -32_768]


def test_guard_takes_no_samples_that_are_no_numbers() -> None:
    """One such sample among loud ones is a broken model, not a voice."""
    audio = np.full(480, 0.5, np.float32)
    audio[7] = np.nan
    with pytest.raises(EngineError, match="no numbers"):
        SilenceGuard().take(audio)
