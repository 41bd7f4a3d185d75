"""Devices that are absent, leave, come back, or deliver nothing."""

import numpy as np
import pytest

from streamtalk.audio_io.engines.portaudio import PortAudio
from streamtalk.audio_io.rescan import Rescan
from tests.audio_io.conftest import Listen, Say
from tests.support.recorder import Recorder, Script, eventually
from tests.support.sound_card import RATE_HZ, SoundCard, tone

pytestmark = pytest.mark.process


def test_microphone_resumes_after_it_was_unplugged(card: SoundCard, listen: Listen) -> None:
    """It is told as gone, time goes on as silence, and after the return sound is heard again."""
    recorder = Recorder()
    capture = listen(recorder)
    assert eventually(lambda: capture.line.keeper.flowing)
    card.microphone.unplug()
    assert eventually(lambda: capture.line.keeper.state == "absent")
    assert SoundCard.MIC in capture.line.keeper.reason
    before = len(recorder.samples)
    assert recorder.await_samples(before + RATE_HZ)
    card.microphone.plug()
    with card.microphone.playing(tone(1_000, 8.0)):
        assert recorder.await_loud(RATE_HZ // 2)
    assert capture.filler.uncaptured_ms >= 1_000


def test_loudspeaker_goes_on_where_it_was_unplugged(card: SoundCard, say: Say) -> None:
    """A short absence loses nothing: the voice waits for the loudspeaker."""
    script = Script(tone(600, 4.0, 24_000))
    playback = say(script)
    assert eventually(lambda: script.pulled > 50)
    card.speaker.unplug()
    assert eventually(lambda: playback.line.keeper.state == "absent")
    held = script.pulled
    card.speaker.plug()
    with card.speaker.recording() as heard:
        assert script.ended.wait(15)
        # Silence follows; once it was asked for, the tone has left the queue.
        assert eventually(lambda: len(script.delays_s) > script.pulled + 30)
    loud = np.flatnonzero(np.abs(heard[0]) > 64)
    rest_s = (200 - held) * 0.02
    assert (loud[-1] - loud[0]) / RATE_HZ == pytest.approx(rest_s, abs=0.4)


def test_voice_goes_on_unheard_when_no_loudspeaker_returns(card: SoundCard, say: Say) -> None:
    """Without a loudspeaker the conversation does not stand still for ever."""
    script = Script(tone(600, 0.5, 24_000))
    playback = say(script, wish="no such loudspeaker")
    assert eventually(lambda: playback.line.keeper.state == "absent")
    assert script.pulled == 0
    assert script.ended.wait(15)


def test_unplugged_microphone_leaves_the_loudspeaker_alone(
    card: SoundCard, listen: Listen, say: Say
) -> None:
    """Playing goes on without a single dry buffer while the microphone leaves and returns."""
    script = Script(tone(600, 30.0, 24_000))
    playback = say(script)
    capture = listen(Recorder())
    assert eventually(lambda: capture.line.keeper.flowing and script.pulled > 50)
    stream = playback.line.stream
    card.microphone.unplug()
    assert eventually(lambda: capture.line.keeper.state == "absent")
    card.microphone.plug()
    assert eventually(lambda: capture.line.keeper.flowing)
    assert playback.line.stream is stream


def test_absent_microphone_names_those_that_are_there(card: SoundCard, listen: Listen) -> None:
    """A wish that fits nothing is answered with the names to choose from."""
    capture = listen(Recorder(), wish="studio")
    assert eventually(
        lambda: capture.line.keeper.state == "absent" and capture.line.keeper.device == ""
    )
    assert eventually(lambda: SoundCard.MIC in capture.line.keeper.reason)
    assert "'studio'" in capture.line.keeper.reason


def test_digital_silence_is_told(card: SoundCard, listen: Listen) -> None:
    """A microphone that delivers only zeros is `silent`, until it is heard."""
    recorder = Recorder()
    capture = listen(recorder)
    assert eventually(lambda: capture.line.keeper.state == "silent")
    assert "digital silence" in capture.line.keeper.reason
    with card.microphone.playing(tone(1_000, 5.0)):
        assert eventually(lambda: capture.line.keeper.state == "open")


def test_device_that_appears_later_is_found(
    own_card: SoundCard, sound: PortAudio, rescan: Rescan, listen: Listen, say: Say
) -> None:
    """A microphone that PortAudio never listed is used soon after it appears."""
    assert SoundCard.MIC not in [device.name for device in sound.devices()]
    script = Script(tone(600, 1.0, 24_000))
    playback = say(script)
    capture = listen(Recorder())
    assert eventually(lambda: capture.line.keeper.state == "absent" and script.pulled > 10)
    own_card.microphone.start()
    assert eventually(lambda: capture.line.keeper.flowing)
    assert eventually(lambda: playback.line.keeper.state == "open")
    assert script.ended.wait(15)
    assert rescan.generation >= 1
