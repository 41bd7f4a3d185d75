"""The sound card, and PortAudio looking at it."""

import logging
from collections.abc import Callable, Iterator

import pytest

from streamtalk.audio_io.capture import CaptureThread
from streamtalk.audio_io.engine import CaptureStream, PlaybackStream
from streamtalk.audio_io.engines.portaudio import PortAudio, PortAudioSettings
from streamtalk.audio_io.gate import MicrophoneGate
from streamtalk.audio_io.keeper import Keeper
from streamtalk.audio_io.line import Line
from streamtalk.audio_io.playback import PlaybackThread, Pull
from streamtalk.audio_io.rescan import Rescan
from tests.support.sound_card import SoundCard, started_sound_card

_LOG = logging.getLogger("test.audio_io")


@pytest.fixture(scope="module")
def running_card() -> Iterator[SoundCard]:
    """One sound card for all tests of a module; this process sees it and no other."""
    with started_sound_card() as card, pytest.MonkeyPatch.context() as patch:
        for name, value in card.environment.items():
            patch.setenv(name, value)
        yield card


@pytest.fixture
def own_card(monkeypatch: pytest.MonkeyPatch) -> Iterator[SoundCard]:
    """A sound card for one test, whose microphone has never been there."""
    with started_sound_card() as card:
        card.microphone.stop()
        for name, value in card.environment.items():
            monkeypatch.setenv(name, value)
        yield card


@pytest.fixture
def card(running_card: SoundCard) -> SoundCard:
    """The sound card with both devices plugged in."""
    running_card.plug()
    return running_card


@pytest.fixture
def sound(request: pytest.FixtureRequest) -> PortAudio:
    """PortAudio, having just read the list of devices; buffers that a busy machine survives."""
    request.getfixturevalue("own_card" if "own_card" in request.fixturenames else "card")
    system = PortAudio(PortAudioSettings(capture_latency_ms=80, playback_latency_ms=120))
    system.rescan()
    return system


Listen = Callable[..., CaptureThread]
Say = Callable[..., PlaybackThread]


@pytest.fixture
def rescan(sound: PortAudio) -> Rescan:
    """What both directions agree through."""
    return Rescan(sound)


@pytest.fixture
def open_gate() -> MicrophoneGate:
    """A gate that lets the microphone through also while the loudspeaker plays."""
    return MicrophoneGate(half_duplex=False, guard_ms=350)


@pytest.fixture
def listen(sound: PortAudio, rescan: Rescan, open_gate: MicrophoneGate) -> Iterator[Listen]:
    """Starts capture threads that end with the test."""
    started: list[CaptureThread] = []

    def start(
        deliver: Callable[[bytes], None],
        gate: MicrophoneGate = open_gate,
        wish: str = SoundCard.MIC,
    ) -> CaptureThread:
        line = Line[CaptureStream](
            Keeper("capture"), wish, rescan, sound.devices, sound.open_capture
        )
        started.append(CaptureThread(line, gate, deliver, _LOG))
        started[-1].start()
        started[-1].want(wanted=True)
        return started[-1]

    yield start
    for thread in started:
        thread.close()


@pytest.fixture
def say(sound: PortAudio, rescan: Rescan, open_gate: MicrophoneGate) -> Iterator[Say]:
    """Starts playback threads that end with the test."""
    started: list[PlaybackThread] = []

    def start(
        pull: Pull, gate: MicrophoneGate = open_gate, wish: str = SoundCard.SPEAKER
    ) -> PlaybackThread:
        line = Line[PlaybackStream](
            Keeper("playback"), wish, rescan, sound.devices, sound.open_playback
        )
        started.append(PlaybackThread(line, gate, pull, _LOG))
        started[-1].start()
        started[-1].want(wanted=True)
        return started[-1]

    yield start
    for thread in started:
        thread.close()
