"""Real processes under a real supervisord are stopped, wedged and killed; the stack recovers."""

import os
import signal
from functools import partial

import pytest

from streamtalk.proto.errors import EngineError, PeerLostError
from streamtalk.runtime.swap_lock import hold_swap_lock
from tests.watchdog.conftest import Scene

pytestmark = pytest.mark.process


@pytest.mark.timeout(300)
def test_stopped_processes_are_killed_and_come_back(scene: Scene) -> None:
    """A voice, the bus and the registry hang together: all three return, nobody else is touched."""
    before = {row.slot: row.pid for row in scene.running()}
    stopped = {slot: scene.stop(slot) for slot in ("tts_0", "bus_0", "registry_0")}
    for slot, pid in stopped.items():
        assert scene.eventually(partial(scene.is_ready, slot, other_than=pid)), slot
    assert sorted(scene.kills()) == [(slot, "silent") for slot in sorted(stopped)]
    after = {row.slot: row.pid for row in scene.running()}
    assert {slot for slot in before if before[slot] != after.get(slot)} == set(stopped)


@pytest.mark.timeout(300)
def test_pause_of_the_machine_lets_nobody_be_forgotten(scene: Scene) -> None:
    """Who had answered before is given the 4 s of a silent one, not the 30 of a new one."""
    stopped = {slot: scene.stop(slot) for slot in ("tts_0", "bus_0", "registry_0")}
    scene.pause(7.0)
    for slot, pid in stopped.items():
        assert scene.eventually(partial(scene.is_ready, slot, other_than=pid)), slot
    assert sorted(scene.kills()) == [(slot, "silent") for slot in sorted(stopped)]
    assert max(scene.silences_s()) < 5.0


@pytest.mark.timeout(300)
def test_pause_of_the_machine_ends_nobody(scene: Scene) -> None:
    """Neither the watchdog nor the registry, which watches it, takes the gap for silence."""
    before = {row.slot: row.pid for row in scene.stack.supervisor.processes() if row.pid}
    scene.pause(6.0)
    probes = scene.probes("turn_0")
    assert scene.eventually(lambda: scene.probes("turn_0") > probes + 5)
    after = {row.slot: row.pid for row in scene.stack.supervisor.processes() if row.pid}
    assert (after, scene.kills()) == (before, [])


@pytest.mark.timeout(300)
def test_wedged_engine_is_killed_past_its_budget(scene: Scene) -> None:
    """The engine never returns: its caller hears of it, its stack is on disk, a new one serves."""
    wedged = scene.process("tts_0").pid
    scene.speak("a", "All is well.")
    with pytest.raises(PeerLostError):
        scene.speak("b", "Begin and hang.")
    assert scene.eventually(lambda: scene.is_ready("tts_0", other_than=wedged))
    assert scene.kills() == [("tts_0", "over_budget")]
    stack = (scene.run_dir.logs / "tts_0.stack").read_text(encoding="utf-8")
    assert "in burn" in stack
    assert 'streamtalk_watchdog_kills{reason="over_budget"} 1' in scene.metrics()
    scene.speak("c", "All is well again.")


FAULTS = {
    "ASR__ENGINES__SCRIPTED__FAULT": "die",
    "TURN__ENGINE": "scripted",
    "TURN__ENGINES__SCRIPTED__FAULT": "freeze",
    "TURN__ENGINES__SCRIPTED__FAULT_TEXT": "freeze",
    "VAD__ENGINES__SCRIPTED__FAULT": "hang",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", [FAULTS], indirect=True)
def test_hangs_of_every_kind_are_found(scene: Scene) -> None:
    """The receive thread wedged, the GIL held for ever, the engine's thread gone: all at once."""
    hung = {slot: scene.process(slot).pid for slot in ("asr_0", "turn_0", "vad_0")}
    scene.hear()
    with pytest.raises(EngineError, match="engine thread has ended"):
        scene.transcribe()
    with pytest.raises(PeerLostError):
        scene.predict("and freeze")
    for slot, pid in hung.items():
        assert scene.eventually(partial(scene.is_ready, slot, other_than=pid)), slot
    found = [("asr_0", "over_budget"), ("turn_0", "silent"), ("vad_0", "silent")]
    assert sorted(scene.kills()) == found
    for slot in ("turn_0", "vad_0"):
        stack = (scene.run_dir.logs / f"{slot}.stack").read_text(encoding="utf-8")
        assert "in go_wrong" in stack, slot


MUTE = {
    "TTS__ENGINES__SCRIPTED__FAULT": "silence",
    "TTS__ENGINES__SCRIPTED__FAULT_TEXT": "",
    "TTS__ENGINES__SCRIPTED__FAULT_SKIPS": "1",
    "WATCHDOG__FAILED_S": "4",
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", [MUTE], indirect=True)
def test_voice_that_stays_mute_is_replaced(scene: Scene) -> None:
    """Its canned requests go wrong as well, so a fresh process is tried, which is well at first."""
    mute = scene.process("tts_0").pid
    for answer in ("a", "b", "c"):
        with pytest.raises(EngineError, match="silence"):
            scene.speak(answer, "All is well.")
    assert scene.eventually(lambda: scene.is_ready("tts_0", other_than=mute))
    assert scene.kills() == [("tts_0", "failed")]


@pytest.mark.timeout(300)
def test_model_that_did_not_load_is_tried_again(scene: Scene) -> None:
    """The reason is shown meanwhile; once it is cured, nobody needs to restart anything."""
    overlay = scene.run_dir.slots / "turn_0.toml"
    overlay.write_text('engine = "nosuchmodule:Engine"\n', encoding="utf-8")
    pid = scene.process("turn_0").pid
    os.kill(pid, signal.SIGKILL)
    assert scene.eventually(lambda: "nosuchmodule" in scene.instance("turn_0").reason)
    overlay.unlink()
    assert scene.eventually(lambda: scene.is_ready("turn_0", other_than=pid))
    assert scene.kills() == [("turn_0", "not_loaded")]


@pytest.mark.timeout(300)
def test_crashing_slot_is_slowed_down_and_returns(scene: Scene) -> None:
    """After one death too many the slot rests, which can be read, and then is tried again."""
    for _ in range(3):
        assert scene.eventually(lambda: scene.process("turn_0").state == "RUNNING")
        pid = scene.process("turn_0").pid
        os.kill(pid, signal.SIGKILL)
        assert scene.eventually(partial(scene.is_gone, "turn_0", pid))
    assert scene.eventually(lambda: scene.process("turn_0").state == "STOPPED")
    assert scene.eventually(lambda: "turn_0 crashes" in scene.instance("watchdog_0").reason)
    assert scene.eventually(lambda: scene.is_ready("turn_0", other_than=pid))
    assert scene.kills() == []


@pytest.mark.timeout(300)
def test_exactly_the_active_instances_run(scene: Scene) -> None:
    """The active one that is stopped comes back; a spare goes, unless a swap is at work with it."""
    with hold_swap_lock(scene.run_dir, "tts"):
        for slot in ("turn_1", "tts_1"):
            scene.stack.supervisor.start(slot)
        scene.stack.supervisor.stop("vad_0")
        assert scene.eventually(lambda: scene.instance("tts_1").ready)
        assert scene.eventually(lambda: scene.process("turn_1").state == "STOPPED")
        assert scene.eventually(lambda: scene.instance("vad_0").ready)
        assert scene.process("tts_1").state == "RUNNING"
    assert scene.eventually(lambda: scene.process("tts_1").state == "STOPPED")
    assert scene.kills() == []


@pytest.mark.timeout(300)
def test_watchdog_is_watched_and_its_successor_goes_on(scene: Scene) -> None:
    """One that hangs is ended by the registry and has a successor, which kills as well."""
    watchdog = scene.stop("watchdog_0")
    assert scene.eventually(lambda: scene.is_ready("watchdog_0", other_than=watchdog))
    probes = scene.probes("turn_0")
    assert scene.eventually(lambda: scene.probes("turn_0") > probes + 1)
    stopped = scene.stop("turn_0")
    assert scene.eventually(lambda: scene.is_ready("turn_0", other_than=stopped))
    assert scene.kills() == [("turn_0", "silent")]
