"""When the microphone is heard, through real devices: mute, push-to-talk, half-duplex."""

import numpy as np
import pytest

from streamtalk.audio_io.gate import MicrophoneGate
from tests.audio_io.conftest import Listen, Say
from tests.support.recorder import Recorder, Script, eventually
from tests.support.sound_card import RATE_HZ, SoundCard, tone

pytestmark = pytest.mark.process


def test_muted_microphone_delivers_zeros_without_a_gap(card: SoundCard, listen: Listen) -> None:
    """Frames go on while muted, all of them silent; afterwards sound is back."""
    gate = MicrophoneGate(half_duplex=False, guard_ms=350)
    recorder = Recorder()
    capture = listen(recorder, gate)
    with card.microphone.playing(tone(1_000, 15.0)):
        assert recorder.await_loud(RATE_HZ // 4)
        gate.set(muted=True)
        start = len(recorder.samples) + RATE_HZ // 5
        assert recorder.await_samples(start + RATE_HZ)
        assert not recorder.samples[start : start + RATE_HZ].any()
        assert capture.meter.level_db == -120.0
        gate.set(muted=False)
        assert recorder.await_loud(len(recorder.samples) + RATE_HZ // 4)
    assert capture.line.keeper.state == "open"


def test_push_to_talk_is_heard_only_while_the_key_is_held(card: SoundCard, listen: Listen) -> None:
    """Nothing before the key, sound while it is held, nothing after it."""
    gate = MicrophoneGate(half_duplex=False, guard_ms=350)
    gate.set(push_to_talk=True)
    recorder = Recorder()
    capture = listen(recorder, gate)
    with card.microphone.playing(tone(1_000, 15.0)):
        assert eventually(lambda: capture.line.keeper.flowing)
        assert recorder.await_samples(len(recorder.samples) + RATE_HZ)
        assert not recorder.samples.any()
        gate.set(talking=True)
        assert recorder.await_loud(RATE_HZ // 2)
        gate.set(talking=False)
        start = len(recorder.samples) + RATE_HZ // 5
        assert recorder.await_samples(start + RATE_HZ // 2)
    assert not recorder.samples[start : start + RATE_HZ // 2].any()


def test_half_duplex_is_deaf_while_it_speaks(card: SoundCard, listen: Listen, say: Say) -> None:
    """A steady tone at the microphone has one hole: as long as the voice and the guard after it."""
    gate = MicrophoneGate(half_duplex=True, guard_ms=350)
    recorder = Recorder()
    capture = listen(recorder, gate)
    with card.microphone.playing(tone(1_000, 20.0)):
        assert recorder.await_loud(RATE_HZ // 2)
        before = len(recorder.samples)
        script = Script(tone(600, 1.0, 24_000))
        say(script, gate)
        assert script.ended.wait(15)
        assert eventually(lambda: capture.meter.level_db > -60)
        assert recorder.await_samples(len(recorder.samples) + RATE_HZ // 2)
    heard = np.flatnonzero(recorder.samples[before:])
    hole_s = float(np.diff(heard).max()) / RATE_HZ
    assert hole_s >= 1.35
    assert recorder.samples[before:][heard[-1] - 100 : heard[-1]].any()
