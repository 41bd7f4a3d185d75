"""The `audio_io` process on a real sound card; the test is its bus and its orchestrator."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from streamtalk.client.peer import Peer
from streamtalk.client.ring import RingReader
from streamtalk.proto.device import (
    AudioStatus,
    GetAudioStatus,
    SetMicrophone,
    StartAudio,
    StopAudio,
)
from streamtalk.proto.errors import SessionError
from streamtalk.proto.frames import Mic, Speech
from streamtalk.proto.message import Ok, Request
from streamtalk.proto.playback import Finish, Hold, Play
from streamtalk.proto.state import PlaybackState
from streamtalk.proto.topics import topic
from tests.support.alone import Alone, alone
from tests.support.recorder import eventually
from tests.support.sound_card import RATE_HZ, SoundCard, pitch_hz, tone

pytestmark = pytest.mark.process

SETTINGS = {
    "MICROPHONE": SoundCard.MIC,
    "LOUDSPEAKER": SoundCard.SPEAKER,
    "ENGINES__PORTAUDIO__CAPTURE_LATENCY_MS": "80",
    "ENGINES__PORTAUDIO__PLAYBACK_LATENCY_MS": "120",
}


class Desk:
    """The running service, and a person's calls to it."""

    def __init__(self, scene: Alone, peer: Peer) -> None:
        self.scene = scene
        self._peer = peer

    def ask(self, request: Request) -> AudioStatus:
        """A call that is answered with the status."""
        return self._peer.call(request, AudioStatus, deadline_s=5.0)

    def stop(self, session: str) -> None:
        """End the session."""
        self._peer.call(StopAudio(session=session), Ok, deadline_s=5.0)

    def becomes(self, **wanted: object) -> bool:
        """Whether the status gets these values in time, the session kept alive meanwhile."""

        def holds() -> bool:
            status = self.ask(GetAudioStatus())
            if status.session is not None:
                status = self.ask(StartAudio(session=status.session))
            return all(getattr(status, name) == value for name, value in wanted.items())

        return eventually(holds)

    @property
    def ring(self) -> RingReader:
        """The microphone ring of session `s`."""
        return RingReader(self.scene.run_dir.ring("s"))


@pytest.fixture
def desk(card: SoundCard, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The service in its own process, with the sound card as its devices."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(f"STREAMTALK_AUDIO_IO__{name}", value)
    with alone("audio_io", run_dir) as scene, scene.connect() as peer:
        yield Desk(scene, peer)


def test_devices_stay_closed_until_somebody_starts_them(desk: Desk) -> None:
    """Nothing is captured unasked: no ring, no session, both devices closed."""
    status = desk.ask(GetAudioStatus())
    assert (status.capture, status.playback, status.session) == ("closed", "closed", None)
    assert not list((desk.scene.run_dir.path / "rings").iterdir())


def test_started_session_puts_the_microphone_on_bus_and_ring(card: SoundCard, desk: Desk) -> None:
    """What another program plays into the microphone is published and in the ring, undistorted."""
    desk.ask(StartAudio(session="s"))
    assert desk.becomes(capture="silent", playback="open")
    with card.microphone.playing(tone(1_000, 6.0)):
        assert desk.becomes(capture="open")
        frame = desk.scene.next(Mic)
        reader = desk.ring
        assert frame.stream == reader.stream
        start = reader.written
        assert eventually(lambda: reader.written > start + RATE_HZ)
    heard = np.frombuffer(reader.read(start + RATE_HZ // 2, start + RATE_HZ), np.int16)
    reader.close()
    assert pitch_hz(heard) == pytest.approx(1_000, abs=5)


def test_orchestrator_is_heard_on_the_loudspeaker(card: SoundCard, desk: Desk) -> None:
    """Speech that the sink was told to play leaves the loudspeaker, and the state says ended."""
    desk.ask(StartAudio(session="s"))
    assert desk.becomes(playback="open", capture="silent")
    (sink,) = (desk.scene.run_dir.path / "s").glob("audio_io-*.sock")
    desk.scene.wait_subscribed(topic("audio", "speech", "s"))
    speech = tone(600, 0.2, 24_000)
    with (
        Peer(desk.scene._context, f"ipc://{sink}") as peer,
        card.speaker.recording() as heard,
    ):
        peer.call(Hold(session="s", term=1, answer="a"), Ok, deadline_s=5.0)
        header = Speech(answer="a", piece=0, sample=0, total_samples=len(speech))
        desk.scene.publish(topic("audio", "speech", "s"), header, speech.tobytes())
        peer.call(Finish(session="s", term=1, answer="a", pieces=1), Ok, deadline_s=5.0)
        peer.call(Play(session="s", term=1, answer="a"), Ok, deadline_s=5.0)
        assert eventually(lambda: desk.scene.next(PlaybackState).ended == "a")
        ended = desk.scene.next(PlaybackState).mic_sample
        assert eventually(lambda: desk.scene.next(PlaybackState).mic_sample > ended + RATE_HZ // 2)
    loud = heard[0][np.abs(heard[0]) > 64]
    assert pitch_hz(loud) == pytest.approx(600, abs=60)


def test_stopped_session_closes_the_devices(desk: Desk) -> None:
    """After the stop nothing is open and the ring is gone."""
    desk.ask(StartAudio(session="s"))
    assert desk.becomes(playback="open")
    desk.stop("s")
    assert desk.becomes(capture="closed", playback="closed", session=None)
    assert eventually(lambda: not list((desk.scene.run_dir.path / "rings").iterdir()))


def test_second_session_is_refused(desk: Desk) -> None:
    """One pair of devices serves one session; the refusal names it."""
    desk.ask(StartAudio(session="s"))
    with pytest.raises(SessionError, match="'s'"):
        desk.ask(StartAudio(session="t"))


def test_session_that_nobody_holds_is_closed(
    card: SoundCard, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the program that started it is gone, the microphone is closed by itself."""
    monkeypatch.setenv("STREAMTALK_AUDIO_IO__LEASE_MS", "500")
    with alone("audio_io", run_dir) as scene, scene.connect() as peer:
        desk = Desk(scene, peer)
        desk.ask(StartAudio(session="s"))
        assert eventually(lambda: desk.ask(GetAudioStatus()).session is None)
        assert desk.becomes(capture="closed")


def test_mute_and_push_to_talk_are_in_the_status(desk: Desk) -> None:
    """Each can be set alone, and the answer shows both."""
    assert desk.ask(SetMicrophone(muted=True)).muted
    status = desk.ask(SetMicrophone(push_to_talk=True))
    assert (status.muted, status.push_to_talk) == (True, True)
    assert not desk.ask(SetMicrophone(muted=False)).muted


def test_time_goes_on_and_little_is_spent_without_a_microphone(card: SoundCard, desk: Desk) -> None:
    """Unplugged: the ring goes on with silence that is counted; the share of a core is printed."""
    desk.ask(StartAudio(session="s"))
    assert desk.becomes(capture="silent")
    card.microphone.unplug()
    assert desk.becomes(capture="absent")
    reader = desk.ring
    (process,) = psutil.Process().children()[-1:]
    start, before = reader.written, process.cpu_times()
    held = StartAudio(session="s")
    assert eventually(lambda: desk.ask(held) is not None and reader.written >= start + 5 * RATE_HZ)
    after = process.cpu_times()
    spent_s = after.user + after.system - before.user - before.system
    print(f"{spent_s / 5:.1%} of a core, microphone absent")  # noqa: T201
    assert not np.frombuffer(reader.read(start, start + 4 * RATE_HZ), np.int16).any()
    reader.close()
    assert desk.ask(GetAudioStatus()).uncaptured_ms >= 4_000
    card.microphone.plug()
    assert desk.becomes(capture="silent")
