"""The real `vad` process on real sockets: what it makes of frames, rings, holes and leases."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from streamtalk.client.peer import Peer
from streamtalk.client.ring import RingWriter
from streamtalk.proto.attachment import Attach, Attached, Detach
from streamtalk.proto.audio import MIC_FRAME_BYTES, MIC_FRAME_SAMPLES
from streamtalk.proto.codec import decode
from streamtalk.proto.errors import UnknownMessageError
from streamtalk.proto.frames import Mic
from streamtalk.proto.health import Health, Probe, Proof, ProveWork
from streamtalk.proto.message import Ok
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.proto.state import STATE_REST_MS, VadState
from streamtalk.proto.topics import topic
from streamtalk.vad.canned import voice
from tests.support.alone import Alone, alone
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

TOPIC = topic("audio", "mic", "s1")
SILENCE_SAMPLES = 16_000
STREAM = "stream-a"


def _scene_pcm() -> bytes:
    """One second of silence, 0.8 s of voice, one second of silence."""
    silence = np.zeros(SILENCE_SAMPLES, np.float32)
    audio = np.concatenate([silence, voice(), silence])
    return (audio * 32_767).astype("<i2").tobytes()


def _frames(pcm: bytes) -> list[tuple[Mic, bytes]]:
    count = len(pcm) // MIC_FRAME_BYTES
    parts = [pcm[i * MIC_FRAME_BYTES : (i + 1) * MIC_FRAME_BYTES] for i in range(count)]
    return [(Mic(stream=STREAM, sample=i * MIC_FRAME_SAMPLES), p) for i, p in enumerate(parts)]


def _until_judged(vad: Alone, lease: str, sample: int) -> list[VadState]:
    """All states of a lease, in order, up to the one that has judged `sample`."""
    states = []
    while True:
        state = vad.next(VadState)
        if state.lease == lease:
            states.append(state)
            if state.sample >= sample and not state.speaking:
                return states


@pytest.fixture
def vad(run_dir: Path) -> Iterator[Alone]:
    """A `vad` process with its real model."""
    with alone("vad", run_dir) as scene:
        yield scene


@pytest.fixture
def peer(vad: Alone) -> Iterator[Peer]:
    """A caller of the ready process."""
    with vad.connect() as connected:
        yield connected


def _attach(
    peer: Peer, ring: Path | str = "", lease: str = "lease-1", from_sample: int = 0
) -> None:
    request = Attach(
        session="s1", stream=STREAM, ring=str(ring), from_sample=from_sample, lease=lease
    )
    assert peer.call(request, Attached, 2.0).lease_ms == 5_000


def _assert_found_voice(states: list[VadState]) -> None:
    spoke = next(state for state in states if state.speaking)
    assert spoke.segment is not None
    assert SILENCE_SAMPLES - 8_000 < spoke.segment <= SILENCE_SAMPLES
    assert states[-1].end == pytest.approx(SILENCE_SAMPLES + len(voice()), abs=4_800)
    assert not states[-1].speaking


def test_frames_of_the_bus_become_states(vad: Alone, peer: Peer) -> None:
    """Speech on the bus is reported with its start and its end, and nothing counts as lost."""
    _attach(peer)
    vad.wait_subscribed(TOPIC)
    pcm = _scene_pcm()
    for mic, payload in _frames(pcm):
        vad.publish(TOPIC, mic, payload)
    states = _until_judged(vad, "lease-1", len(pcm) // 2 - 1_600)
    _assert_found_voice(states)
    assert states[-1].frames_lost == 0


def test_ring_carries_a_session_while_the_bus_is_away(vad: Alone, peer: Peer) -> None:
    """Without a single message of the bus, the ring gives the same speech."""
    ring = RingWriter(vad.run_dir.ring("s1"), STREAM)
    pcm = _scene_pcm()
    ring.write(pcm)
    _attach(peer, ring.path)
    states = _until_judged(vad, "lease-1", len(pcm) // 2 - 1_600)
    ring.close()
    _assert_found_voice(states)
    assert states[-1].frames_lost == 0


def test_holes_of_the_bus_are_filled_from_the_ring(vad: Alone, peer: Peer) -> None:
    """A bus that loses two frames of three loses nothing for a session with a ring."""
    ring = RingWriter(vad.run_dir.ring("s1"), STREAM)
    _attach(peer, ring.path)
    vad.wait_subscribed(TOPIC)
    pcm = _scene_pcm()
    for number, (mic, payload) in enumerate(_frames(pcm)):
        ring.write(payload)
        if number % 3 == 0:
            vad.publish(TOPIC, mic, payload)
    states = _until_judged(vad, "lease-1", len(pcm) // 2 - 3_200)
    ring.close()
    _assert_found_voice(states)
    assert states[-1].frames_lost == 0


def test_holes_without_a_ring_are_counted(vad: Alone, peer: Peer) -> None:
    """Frames that neither bus nor ring delivered appear in the state, to the frame."""
    _attach(peer)
    vad.wait_subscribed(TOPIC)
    frames = _frames(bytes(64_000))
    for mic, payload in frames[:40] + frames[47:]:
        vad.publish(TOPIC, mic, payload)
    states = _until_judged(vad, "lease-1", 31_000)
    assert states[-1].frames_lost == 7


def test_speech_before_the_first_judged_sample_is_no_segment(vad: Alone, peer: Peer) -> None:
    """What lies before `from_sample` only warms the model."""
    ring = RingWriter(vad.run_dir.ring("s1"), STREAM)
    pcm = _scene_pcm()
    ring.write(pcm)
    after_voice = SILENCE_SAMPLES + len(voice()) + 4_800
    _attach(peer, ring.path, from_sample=after_voice)
    states = _until_judged(vad, "lease-1", len(pcm) // 2 - 1_600)
    ring.close()
    assert [state.segment for state in states] == [None] * len(states)


def test_another_lease_starts_anew(vad: Alone, peer: Peer) -> None:
    """The same lease renews; another one judges again from its own first sample."""
    _attach(peer)
    vad.wait_subscribed(TOPIC)
    for mic, payload in _frames(bytes(32_000)):
        vad.publish(TOPIC, mic, payload)
    _until_judged(vad, "lease-1", 15_000)
    _attach(peer)
    assert vad.next(VadState).sample >= 15_000
    _attach(peer, lease="lease-2")
    states = _until_judged(vad, "lease-2", 0)
    assert states[0].sample == 0


def test_detached_session_is_silent(vad: Alone, peer: Peer) -> None:
    """After `detach` no state is published; a stranger's lease detaches nothing."""
    _attach(peer)
    vad.next(VadState)
    peer.call(Detach(session="s1", lease="not-mine"), Ok, 2.0)
    vad.next(VadState)
    vad.next(VadState)
    peer.call(Detach(session="s1", lease="lease-1"), Ok, 2.0)
    assert eventually(partial(_falls_silent, vad))


def _falls_silent(vad: Alone) -> bool:
    """Whether nothing comes for longer than states are apart, once what was under way has come."""
    while vad.heard.poll(0):
        vad.heard.recv_multipart()
    return not vad.heard.poll(STATE_REST_MS + 200)


def test_malformed_frames_are_counted_and_dropped(vad: Alone, peer: Peer) -> None:
    """Garbage, odd lengths and absurd positions change nothing but a counter."""
    _attach(peer)
    vad.wait_subscribed(TOPIC)
    good = _frames(bytes(32_000))
    vad.publish(TOPIC, *good[0])
    vad.bus.send_multipart([TOPIC, b"\xc1garbage", bytes(640)])
    vad.bus.send_multipart([TOPIC, b"one part too few"])
    vad.publish(TOPIC, good[1][0], bytes(639))
    vad.publish(TOPIC, Mic(stream=STREAM, sample=1 << 60), bytes(640))
    for mic, payload in good[1:]:
        vad.publish(TOPIC, mic, payload)
    assert _until_judged(vad, "lease-1", 15_000)[-1].frames_lost == 0
    assert peer.call(Probe(), Health, 2.0).dropped == {"malformed": 4}


def test_foreign_request_is_refused(peer: Peer) -> None:
    """A call that belongs to another service is refused by name and harms nothing."""
    with pytest.raises(UnknownMessageError, match="vad does not serve Transcribe"):
        peer.call(Transcribe(), Transcript, 2.0)
    assert peer.call(Probe(), Health, 2.0).instance.engine == "silero"


def test_many_sessions_are_judged_together_and_few_again_alone(vad: Alone, peer: Peer) -> None:
    """Above four sessions frames are taken in windows; nobody is lost going there or back."""
    names = [f"many-{number}" for number in range(8)]
    for name in names:
        request = Attach(session=name, stream=STREAM, ring="", from_sample=0, lease="many")
        peer.call(request, Attached, 2.0)
        vad.wait_subscribed(topic("audio", "mic", name))
    _publish_silence(vad, names, 0, 50)
    _wait_judged(vad, names, 15_000)
    for name in names[2:]:
        peer.call(Detach(session=name, lease="many"), Ok, 2.0)
    _publish_silence(vad, names[:2], 50, 100)
    _wait_judged(vad, names[:2], 31_000)


def _publish_silence(vad: Alone, names: list[str], first: int, end: int) -> None:
    for number in range(first, end):
        for name in names:
            mic = Mic(stream=STREAM, sample=number * MIC_FRAME_SAMPLES)
            vad.publish(topic("audio", "mic", name), mic, bytes(MIC_FRAME_BYTES))


def _wait_judged(vad: Alone, names: list[str], sample: int) -> None:
    waiting = {topic("state", "vad", name) for name in names}
    while waiting:
        assert vad.heard.poll(10_000), f"{waiting} did not get to sample {sample}"
        where, header, _ = vad.heard.recv_multipart()
        state = decode(header)
        if isinstance(state, VadState) and state.sample >= sample:
            assert state.frames_lost == 0
            waiting.discard(where)


def test_probe_times_the_runs_of_the_model(vad: Alone, peer: Peer) -> None:
    """What the model was asked is counted and timed."""
    _attach(peer)
    vad.wait_subscribed(TOPIC)
    pcm = _scene_pcm()
    for mic, payload in _frames(pcm):
        vad.publish(TOPIC, mic, payload)
    _until_judged(vad, "lease-1", len(pcm) // 2 - 1_600)
    work = peer.call(Probe(), Health, 2.0).work
    assert work.done >= work.recent > 0
    assert work.worst_ms >= work.median_ms > 0


def test_model_proves_itself_beside_the_sessions(vad: Alone, peer: Peer) -> None:
    """A proof between two halves of the speech changes nothing of what is found in it."""
    _attach(peer)
    vad.wait_subscribed(TOPIC)
    frames = _frames(_scene_pcm())
    half = len(frames) // 2
    for mic, payload in frames[:half]:
        vad.publish(TOPIC, mic, payload)
    assert "silence was none" in peer.call(ProveWork(), Proof, 5.0).detail
    for mic, payload in frames[half:]:
        vad.publish(TOPIC, mic, payload)
    _assert_found_voice(_until_judged(vad, "lease-1", len(_scene_pcm()) // 2 - 1_600))


def test_model_that_computes_no_numbers_is_not_ready_until_it_does(run_dir: Path) -> None:
    """Three runs and one canned request give no probability; the next canned request does."""
    run_dir.joinpath("streamtalk.toml").write_text(
        '[vad]\nengine = "tests.support.broken_vad:BrokenEngine"\n', encoding="utf-8"
    )
    arguments = ("--config", str(run_dir / "streamtalk.toml"))
    with alone("vad", run_dir, *arguments) as scene, scene.connect() as peer:
        _attach(peer)
        scene.wait_subscribed(TOPIC)
        frames = iter(_frames(_scene_pcm()))
        for failures in range(1, 4):
            for _ in range(2):
                scene.publish(TOPIC, *next(frames))
            assert eventually(partial(_has_failed, peer, failures))
        assert peer.call(Probe(), Health, 2.0).failure == "work"
        assert eventually(lambda: peer.call(Probe(), Health, 2.0).instance.ready)
        assert _has_failed(peer, 4)
        peer.call(Detach(session="s1", lease="lease-1"), Ok, 2.0)


def _has_failed(peer: Peer, times: int) -> bool:
    return peer.call(Probe(), Health, 2.0).work.failed == times
