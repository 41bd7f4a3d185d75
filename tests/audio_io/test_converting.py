"""Any rate and number of channels to the wire's and back."""

import numpy as np
import pytest

from streamtalk.audio_io.converter import CaptureConverter, PlaybackConverter
from tests.support.sound_card import pitch_hz, tone

pytestmark = pytest.mark.unit

DEVICES = [(8_000, 1), (16_000, 1), (16_000, 2), (44_100, 1), (44_100, 2), (48_000, 2), (96_000, 1)]


def captured(rate_hz: int, channels: int, seconds: float) -> bytes:
    """What a microphone with these properties brings of a 440 Hz tone, 10 ms at a time."""
    pcm = np.repeat(tone(440, seconds, rate_hz), channels).tobytes()
    converter = CaptureConverter(rate_hz, channels)
    step = rate_hz // 100 * channels * 2
    return b"".join(converter.convert(pcm[at : at + step]) for at in range(0, len(pcm), step))


@pytest.mark.parametrize("rate_hz, channels", DEVICES)
def test_capture_keeps_pitch_and_length(rate_hz: int, channels: int) -> None:
    """440 Hz stays 440 Hz, and 3 s stay 3 s but for what the filter still holds."""
    pcm = captured(rate_hz, channels, 3.0)
    assert pitch_hz(np.frombuffer(pcm, np.int16)) == pytest.approx(440, abs=1)
    assert len(pcm) / 32_000 == pytest.approx(3.0, abs=0.15)


@pytest.mark.parametrize("rate_hz, channels", DEVICES)
def test_capture_gives_whole_frames(rate_hz: int, channels: int) -> None:
    """Never a part of a 20 ms frame."""
    assert len(captured(rate_hz, channels, 1.013)) % 640 == 0


def test_channels_are_averaged() -> None:
    """A voice on one of two channels is heard at half its height."""
    samples = np.zeros((320, 2), np.int16)
    samples[:, 1] = 1_000
    pcm = CaptureConverter(16_000, 2).convert(samples.tobytes())
    assert set(np.frombuffer(pcm, np.int16)) == {500}


@pytest.mark.parametrize("rate_hz, channels", DEVICES)
def test_playback_keeps_pitch_in_every_channel(rate_hz: int, channels: int) -> None:
    """440 Hz at 24 kHz is 440 Hz at the device, the same in all channels."""
    converter = PlaybackConverter(rate_hz, channels)
    speech = tone(440, 3.0, 24_000).tobytes()
    pcm = b"".join(converter.convert(speech[at : at + 960]) for at in range(0, len(speech), 960))
    played = np.frombuffer(pcm, np.int16).reshape(-1, channels)
    assert pitch_hz(played[:, -1], rate_hz) == pytest.approx(440, abs=1)
    assert np.array_equal(played[:, 0], played[:, -1])
    assert converter.frames_in(pcm) / rate_hz == pytest.approx(3.0, abs=0.1)


def test_resampler_admits_what_it_holds_back() -> None:
    """Delay counts towards when a frame is heard."""
    assert PlaybackConverter(24_000, 1).delay_s == 0.0
    converter = PlaybackConverter(44_100, 1)
    converter.convert(bytes(960))
    assert 0.0 < converter.delay_s < 0.1
