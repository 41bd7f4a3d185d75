"""Who is killed, and above all who is not."""

from typing import Any

import pytest

from streamtalk.proto.directory import Instance, InstanceState
from streamtalk.proto.health import Health
from streamtalk.watchdog.judge import Judge, Limits, Verdict

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000
TICK = SECOND // 4
LIMITS = Limits(
    silent_ns=4 * SECOND, start_ns=30 * SECOND, failed_ns=20 * SECOND, retry_ns=10 * SECOND
)


class Scene:
    """A judge, and a clock that goes on in ticks of 250 ms."""

    def __init__(self) -> None:
        self.judge = Judge(LIMITS)
        self.now_ns = 1_000 * SECOND
        self.judge.judge(self.now_ns, directory_fresh=True)

    def start(self, slot: str, pid: int, *, located: bool = True, loading: bool = True) -> None:
        """A process runs in a slot, and has perhaps registered."""
        self.judge.see({slot: pid})
        if located:
            self.judge.locate(slot, pid, f"ipc://{slot}-{pid}.sock", loading=loading)

    def wait(self, ticks: int, step_ns: int = TICK, *, fresh: bool = True) -> list[Verdict]:
        """Let time pass in rounds of `step_ns`."""
        verdicts = []
        for _ in range(ticks):
            self.now_ns += step_ns
            verdicts += self.judge.judge(self.now_ns, directory_fresh=fresh)
        return verdicts

    def answer(
        self, slot: str, pid: int, state: InstanceState = "ready", **activity: float | str
    ) -> None:
        """A process answers a probe."""
        self.judge.hear(health(slot, pid, state, **activity))


def health(slot: str, pid: int, state: InstanceState, **activity: Any) -> Health:  # noqa: ANN401
    """An answer to a probe."""
    instance = Instance(
        service=slot.rpartition("_")[0],
        instance=f"{slot}-{pid}",
        slot=slot,
        engine="-",
        endpoint="",
        pid=pid,
        state=state,
        ready=state == "ready",
        reason="three in a row" if state == "failed" else "",
    )
    return Health(instance=instance, doing="work", **activity)


def ready_scene() -> Scene:
    """One process that has answered."""
    scene = Scene()
    scene.start("tts_0", 7)
    scene.answer("tts_0", 7)
    return scene


def reasons(verdicts: list[Verdict]) -> list[tuple[str, int, str]]:
    """The verdicts without their words."""
    return [(verdict.slot, verdict.pid, verdict.reason) for verdict in verdicts]


def test_process_that_falls_silent_is_killed() -> None:
    """Four seconds without an answer are enough, and not a tick less."""
    scene = ready_scene()
    assert scene.wait(15) == []
    assert reasons(scene.wait(1)) == [("tts_0", 7, "silent")]


def test_verdict_is_not_repeated_at_once() -> None:
    """After a verdict the kill gets as long as the silence took before it is repeated."""
    scene = ready_scene()
    assert len(scene.wait(16)) == 1
    assert scene.wait(15) == []
    assert len(scene.wait(1)) == 1


def test_process_that_answers_now_and_then_lives() -> None:
    """A late answer takes back all silence before it."""
    scene = ready_scene()
    for _ in range(20):
        assert scene.wait(15) == []
        scene.answer("tts_0", 7)


def test_loading_process_may_be_silent_for_longer() -> None:
    """Importing a large library can hold everything up; loading has the budget of a start."""
    scene = Scene()
    scene.start("asr_0", 9)
    scene.answer("asr_0", 9, "loading")
    assert scene.wait(119) == []
    assert reasons(scene.wait(1)) == [("asr_0", 9, "silent")]


def test_process_that_never_answered_gets_the_budget_of_a_start() -> None:
    """A watchdog that has just come up has no ground to be quick."""
    scene = Scene()
    scene.start("asr_0", 9)
    assert scene.wait(119) == []
    assert reasons(scene.wait(1)) == [("asr_0", 9, "silent")]


def test_process_that_told_the_registry_it_serves_has_begun() -> None:
    """It may stop before the first probe comes: people talk with it by then."""
    scene = Scene()
    scene.start("tts_0", 7)
    scene.wait(8)
    scene.start("tts_0", 7, loading=False)
    assert scene.wait(15) == []
    scene.start("tts_0", 7, loading=False)
    assert reasons(scene.wait(1)) == [("tts_0", 7, "silent")]


def test_process_that_never_registers_is_killed() -> None:
    """Running for supervisord, but unknown to a directory that answers."""
    scene = Scene()
    scene.start("vad_0", 5, located=False)
    assert scene.wait(119) == []
    assert reasons(scene.wait(1)) == [("vad_0", 5, "unregistered")]


def test_nobody_is_unregistered_while_the_registry_is_away() -> None:
    """Without a directory, not being in it says nothing."""
    scene = Scene()
    scene.start("vad_0", 5, located=False)
    assert scene.wait(1_000, fresh=False) == []


def test_registry_is_found_without_a_directory() -> None:
    """A registry that hangs from the beginning is looked for at its well-known place."""
    scene = Scene()
    scene.start("registry_0", 3, located=False)
    scene.judge.locate_slot("registry_0", "ipc://registry.sock")
    assert scene.judge.endpoints() == ["ipc://registry.sock"]
    assert reasons(scene.wait(120, fresh=False)) == [("registry_0", 3, "silent")]


def test_new_process_starts_with_a_clean_slate() -> None:
    """What the process before it did is not held against the one that replaces it."""
    scene = ready_scene()
    scene.wait(15)
    scene.start("tts_0", 8)
    assert scene.wait(100) == []


def test_answer_of_another_process_proves_nothing() -> None:
    """An answer that an earlier process of the slot sent does not cover for the one that runs."""
    scene = ready_scene()
    scene.wait(15)
    scene.answer("tts_0", 6)
    assert reasons(scene.wait(1)) == [("tts_0", 7, "silent")]


def test_address_of_another_process_is_not_probed() -> None:
    """The directory may still show the process that died."""
    scene = Scene()
    scene.start("tts_0", 7, located=False)
    scene.judge.locate("tts_0", 6, "ipc://old.sock", loading=False)
    assert scene.judge.endpoints() == []


def test_stopped_slot_is_forgotten() -> None:
    """What supervisord does not run cannot hang."""
    scene = ready_scene()
    scene.judge.see({})
    assert scene.wait(1_000) == []


def test_own_lateness_counts_little() -> None:
    """While our own rounds take 1.9 s instead of a quarter, silence grows by half a second each."""
    scene = ready_scene()
    assert scene.wait(7, step_ns=1_900_000_000) == []
    assert len(scene.wait(1, step_ns=1_900_000_000)) == 1


def test_sleep_of_the_machine_forgets_all_silence() -> None:
    """After a gap in our own rounds everybody gets the full time again, and 5 s to wake up."""
    scene = ready_scene()
    scene.wait(15)
    assert scene.wait(1, step_ns=600 * SECOND) == []
    assert scene.wait(20 + 15) == []
    assert len(scene.wait(1)) == 1


def test_call_past_its_budget_is_killed() -> None:
    """A call seen past its budget in two probes, a second apart, hangs."""
    scene = ready_scene()
    scene.answer("tts_0", 7, busy_ms=2_100, budget_ms=2_000)
    assert scene.wait(4) == []
    scene.answer("tts_0", 7, busy_ms=3_100, budget_ms=2_000)
    assert reasons(scene.wait(1)) == [("tts_0", 7, "over_budget")]


def test_call_within_its_budget_may_take_long() -> None:
    """A large model may encode for half a minute when it has said so."""
    scene = ready_scene()
    for busy_ms in range(0, 26_000, 1_000):
        scene.answer("tts_0", 7, busy_ms=busy_ms, budget_ms=30_000)
        assert scene.wait(4) == []


def test_call_that_ends_a_little_late_is_spared() -> None:
    """Once past the budget, then idle or in the next call: no hang."""
    scene = ready_scene()
    scene.answer("tts_0", 7, busy_ms=2_100, budget_ms=2_000)
    scene.wait(4)
    scene.answer("tts_0", 7)
    assert scene.wait(4) == []
    scene.answer("tts_0", 7, busy_ms=3_100, budget_ms=2_000)
    assert scene.wait(4) == []
    scene.answer("tts_0", 7, busy_ms=2_050, budget_ms=2_000)
    assert scene.wait(4) == []


def test_two_answers_read_at_once_are_one_look() -> None:
    """Answers that waited for us together do not make a call twice overdue."""
    scene = ready_scene()
    scene.answer("tts_0", 7, busy_ms=2_100, budget_ms=2_000)
    scene.answer("tts_0", 7, busy_ms=2_110, budget_ms=2_000)
    assert scene.wait(4) == []


def test_one_hang_condemns_nobody_else() -> None:
    """Each process is judged by its own answers."""
    scene = Scene()
    scene.judge.see({"tts_0": 7, "asr_0": 9})
    for slot, pid in (("tts_0", 7), ("asr_0", 9)):
        scene.judge.locate(slot, pid, f"ipc://{slot}.sock", loading=True)
        scene.answer(slot, pid)
    verdicts = []
    for _ in range(5):
        verdicts += scene.wait(4)
        scene.answer("asr_0", 9)
    assert reasons(verdicts) == [("tts_0", 7, "silent")]


def fail(scene: Scene, failure: str, seconds: int, pid: int = 7) -> list[Verdict]:
    """The process says for so long that it has failed."""
    verdicts = []
    for _ in range(seconds):
        scene.answer("tts_0", pid, "failed", failure=failure)
        verdicts += scene.wait(4)
    return verdicts


def test_work_that_stays_wrong_is_given_a_fresh_process() -> None:
    """Twenty seconds without a recovery are enough, and the verdict says what was wrong."""
    scene = ready_scene()
    assert fail(scene, "work", 19) == []
    (verdict,) = fail(scene, "work", 1)
    assert (verdict.reason, verdict.detail) == ("failed", "three in a row")


def test_instance_that_recovers_is_spared() -> None:
    """One that proves itself in time starts anew when it fails again."""
    scene = ready_scene()
    assert fail(scene, "work", 19) == []
    scene.answer("tts_0", 7)
    assert fail(scene, "work", 19) == []


def test_instance_that_fails_and_falls_silent_is_killed_for_silence() -> None:
    """Having failed is no excuse for not answering."""
    scene = ready_scene()
    fail(scene, "work", 1)
    assert reasons(scene.wait(16)) == [("tts_0", 7, "silent")]


def test_model_that_does_not_load_is_tried_ever_more_rarely() -> None:
    """The first retry after 10 s, the second after 20, and the count ends when one is ready."""
    scene = Scene()
    waited_s = []
    for pid in range(1, 8):
        scene.start("tts_0", pid)
        waited_s.append(_seconds_until_killed(scene, pid))
    assert waited_s == [10, 20, 40, 80, 160, 160, 160]
    scene.start("tts_0", 8)
    scene.answer("tts_0", 8)
    scene.start("tts_0", 9)
    assert _seconds_until_killed(scene, 9) == 10


def _seconds_until_killed(scene: Scene, pid: int) -> int:
    for waited_s in range(1, 1_000):
        if verdicts := fail(scene, "load", 1, pid):
            assert reasons(verdicts) == [("tts_0", pid, "not_loaded")]
            return waited_s
    return 0


def test_machine_that_slept_holds_no_failure_against_anyone() -> None:
    """Recovery takes time, which nobody had while the machine was asleep."""
    scene = ready_scene()
    assert fail(scene, "work", 19) == []
    scene.wait(1, step_ns=600 * SECOND)
    assert fail(scene, "work", 19) == []
