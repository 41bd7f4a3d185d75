"""Carries out a plan: waits for the phase, strikes, and follows what happens until all is well."""

import time
from typing import Final

from streamtalk.cli.chaos import faults
from streamtalk.cli.chaos.account import account
from streamtalk.cli.chaos.incident import Incident
from streamtalk.cli.chaos.outcome import Outcome
from streamtalk.cli.chaos.plan import Case, Phase
from streamtalk.cli.chaos.scene import Scene, growth_mb
from streamtalk.proto.audio import FRAME_MS
from streamtalk.proto.directory import Instance

_PHASE_S: Final = 20.0
_HANG_S: Final = 10.0
_RECOVER_S: Final = 60.0


class Conductor:
    """One scene's cases, one after another."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self._scene = scene
        self._seed = seed
        self._seen: set[Phase] = set()
        scene.observer.on_phase = lambda _, phase: self._seen.add(phase)
        scene.crowd.on_barging = lambda _: self._seen.add("B")

    def run(self, case: Case) -> Outcome:
        """The case; a phase that does not come is reported as not observed."""
        outcome = Outcome(case=case.name, seed=self._seed)
        victims = self._victims(case)
        mic_lost = self._mic_lost()
        before_mb = self._scene.rss_mb()
        incident = self._strike(case, victims) if victims else None
        if incident is None:
            outcome.observed = False
            return outcome
        outcome.recovered = self._follow(case, incident)
        self._sum_up(outcome, incident, mic_lost)
        outcome.growth_mb, _ = growth_mb(before_mb, self._scene.rss_mb())
        return outcome

    def _victims(self, case: Case) -> list[Instance]:
        """Whom to strike: the busiest; a hang may meet any of them."""
        found = sorted(self._scene.observer.ready(case.service), key=lambda i: -i.queue)
        return found if case.fault == "wedge" else found[:1]

    def _strike(self, case: Case, victims: list[Instance]) -> Incident | None:
        for victim in victims:
            self._scene.observer.watch(victim.endpoint)
        self._seen.clear()
        if not self._scene.wait(lambda: case.phase in self._seen, _PHASE_S):
            return None
        if case.fault == "wedge":
            return self._wedge(case, victims)
        # Who became busy with this phase is known only now.
        victims = self._victims(case)
        began_ns = time.monotonic_ns()
        faults.strike(case.fault, victims[0].pid)
        return Incident(began_ns, victims)

    def _wedge(self, case: Case, victims: list[Instance]) -> Incident | None:
        orders = self._scene.orders
        faults.order_hang(orders, case.service)
        if self._scene.wait(lambda: faults.hang_begun(orders, case.service), _HANG_S):
            return Incident(time.monotonic_ns(), victims)
        faults.withdraw_hang(orders, case.service)
        return None

    def _follow(self, case: Case, incident: Incident) -> bool:
        observer = self._scene.observer
        observer.on_directory = lambda found: incident.on_directory(found, time.monotonic_ns())
        try:
            return self._scene.wait(lambda: self._is_over(case, incident), _RECOVER_S)
        finally:
            observer.on_directory = lambda _: None
            if case.fault == "stop":
                faults.wake(incident.suspects[0].pid)

    def _is_over(self, case: Case, incident: Incident) -> bool:
        for suspect in incident.suspects:
            lost_ns = self._scene.observer.lost_ns.get(suspect.endpoint)
            if lost_ns is not None:
                incident.on_line_lost(lost_ns)
        if case.fault == "stop" and case.service == "watchdog" and incident.detected_ns:
            # Nobody ends a watchdog that sleeps: that it is noticed is what is asked.
            faults.wake(incident.suspects[0].pid)
            incident.back_ns = incident.back_ns or time.monotonic_ns()
        well = incident.back_ns and self._scene.well
        return bool(well) and self._scene.answered_since(incident.began_ns)

    def _sum_up(self, outcome: Outcome, incident: Incident, mic_lost: dict[str, int]) -> None:
        said = self._scene.said_since(incident.began_ns)
        found = account(said)
        if outcome.recovered:
            outcome.recover_ms = (time.monotonic_ns() - incident.began_ns) / 1e6
        else:
            outcome.missing = self._scene.missing_since(incident.began_ns)
        outcome.detect_ms, outcome.back_ms = incident.detect_ms, incident.back_ms
        outcome.load_ms = incident.load_ms
        outcome.turns, outcome.told, outcome.lost = found.turns, found.told, found.lost
        outcome.lost_names = list(found.lost_names)
        outcome.gap_ms = round(found.gap_ms, 1)
        outcome.repeated_ms, outcome.missing_ms = found.repeated_ms, found.missing_ms
        # A new orchestrator or VAD counts from nothing again.
        now = self._mic_lost()
        lost = [n - mic_lost.get(s, 0) if n >= mic_lost.get(s, 0) else n for s, n in now.items()]
        outcome.mic_lost_ms = max([0, *lost]) * FRAME_MS

    def _mic_lost(self) -> dict[str, int]:
        return {said.session: said.mic_frames_lost for said in self._scene.crowd.said}
