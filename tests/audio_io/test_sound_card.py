"""Sound through real devices: what goes in comes out."""

import numpy as np
import pytest
import soundfile

from streamtalk.audio_io.devices import choose, list_devices, list_devices_elsewhere
from streamtalk.audio_io.engines.portaudio import PortAudio, PortAudioSettings
from streamtalk.audio_io.rescan import Rescan
from streamtalk.proto.errors import InputError
from tests.audio_io.conftest import Listen, Say
from tests.support.recorder import Recorder, Script, eventually
from tests.support.recordings import recording
from tests.support.sound_card import RATE_HZ, SoundCard, pitch_hz, tone

pytestmark = pytest.mark.process


def test_microphone_brings_a_tone_at_its_frequency(card: SoundCard, listen: Listen) -> None:
    """A 1 kHz tone played by another program reaches the frames as 1 kHz."""
    recorder = Recorder()
    capture = listen(recorder)
    assert eventually(lambda: capture.line.keeper.flowing)
    with card.microphone.playing(tone(1_000, 3.0)):
        assert recorder.await_loud(RATE_HZ)
    assert pitch_hz(recorder.loud) == pytest.approx(1_000, abs=2)


def test_loudspeaker_plays_a_tone_at_its_frequency(card: SoundCard, say: Say) -> None:
    """A 600 Hz tone at 24 kHz leaves the 16 kHz loudspeaker as 600 Hz."""
    script = Script(tone(600, 1.5, 24_000))
    with card.speaker.recording() as heard:
        say(script)
        assert script.ended.wait(15)
        assert eventually(lambda: script.delays_s[-1] > 0 and len(script.delays_s) > 125)
    loud = np.flatnonzero(np.abs(heard[0]) > 64)
    played = heard[0][loud[0] : loud[-1] + 1]
    assert pitch_hz(played) == pytest.approx(600, abs=2)
    assert len(played) / RATE_HZ == pytest.approx(1.5, abs=0.1)


def test_microphone_hears_a_recording_at_its_length(card: SoundCard, listen: Listen) -> None:
    """Recorded speech played into the microphone arrives complete, neither stretched nor cut."""
    samples, rate_hz = soundfile.read(recording("en/sb_spk1_snt1.wav").path, dtype="int16")
    assert rate_hz == RATE_HZ
    loud = np.flatnonzero(np.abs(samples) > 64)
    expected = int(loud[-1] - loud[0])
    recorder = Recorder()
    capture = listen(recorder)
    assert eventually(lambda: capture.line.keeper.flowing)
    with card.microphone.playing(samples):
        assert recorder.await_loud(int(expected * 0.97))
    assert len(recorder.loud) == pytest.approx(expected, rel=0.04)


def test_devices_are_listed_and_chosen_by_name(card: SoundCard, sound: PortAudio) -> None:
    """Both devices are listed; a part of a name finds one; a wrong name is told the right ones."""
    assert {SoundCard.MIC, SoundCard.SPEAKER} <= {device.name for device in list_devices()}
    assert choose("roomsp", "playback").name == SoundCard.SPEAKER
    assert choose(choose("roommic", "capture").index, "capture").name == SoundCard.MIC
    with pytest.raises(InputError, match=SoundCard.MIC):
        choose("studio", "capture")


def test_fresh_process_sees_the_same_devices(card: SoundCard, sound: PortAudio) -> None:
    """What is there can be learned without touching this process's streams."""
    assert list_devices_elsewhere() == list_devices()


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_device_at_another_rate_is_converted(
    card: SoundCard, rescan: Rescan, listen: Listen, sound: PortAudio, rate_hz: int
) -> None:
    """A microphone opened at a sound card's usual rates brings the same tone."""
    settings = PortAudioSettings(capture_latency_ms=80, capture_rate_hz=rate_hz)
    sound._settings = settings
    recorder = Recorder()
    capture = listen(recorder)
    assert eventually(lambda: capture.line.keeper.flowing)
    assert capture.line.stream is not None
    assert capture.line.stream.rate_hz == rate_hz
    with card.microphone.playing(tone(1_000, 3.0)):
        assert recorder.await_loud(RATE_HZ)
    assert pitch_hz(recorder.loud) == pytest.approx(1_000, abs=2)
