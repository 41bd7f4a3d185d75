"""Pure work is asked of one instance after another until there is a result."""

from collections.abc import Callable, Collection
from typing import Any

import pytest

from streamtalk.orchestrator.absence import Absences
from streamtalk.orchestrator.calls import Patience, ServiceCalls
from streamtalk.proto.endpointing import Predict
from streamtalk.proto.errors import EngineError, PeerLostError, StreamTalkError

pytestmark = pytest.mark.unit

REQUEST = Predict(text="hello", silence_ms=0.0)
S = 1_000_000_000


class Instances:
    """Instances that answer when the test says so; the directory and the timers of the calls."""

    def __init__(self, *endpoints: str) -> None:
        self.endpoints = list(endpoints)
        self.suspected: list[str] = []
        self.calls: dict[str, tuple[Callable[[Any], None], Callable[[StreamTalkError], None]]] = {}
        self.asked: list[str] = []
        self.later: list[tuple[int, Callable[[], None]]] = []
        self.results: list[object] = []

    def find(self, service: str, avoid: Collection[str] = ()) -> str | None:
        """The first that is not to be avoided, suspects last."""
        ordered = sorted(self.endpoints, key=lambda e: e in self.suspected)
        return next((e for e in ordered if e not in avoid), None)

    def doubt(self, endpoint: str) -> None:
        """It is gone."""
        self.endpoints.remove(endpoint)

    def suspect(self, endpoint: str) -> None:
        """It is late."""
        self.suspected.append(endpoint)

    def call(self, endpoint: str, request: object, deadline_s: float, *ends: Any) -> None:  # noqa: ANN401
        """Take a call."""
        self.asked.append(endpoint)
        self.calls[endpoint] = (ends[0], ends[1])

    def after(self, delay_ns: int, function: Callable[[], None]) -> None:
        """Keep it until the test lets time pass."""
        self.later.append((delay_ns, function))

    def pass_s(self, passed_s: float) -> None:
        """Run what was to come by then."""
        due = [function for delay_ns, function in self.later if delay_ns <= passed_s * S]
        self.later = [entry for entry in self.later if entry[0] > passed_s * S]
        for function in due:
            function()

    def begin(self, whole_s: float = 10.0) -> None:
        """Ask for one piece of work."""
        calls = ServiceCalls(self, self, self)  # type: ignore[arg-type]
        patience = Patience(budget_s=1.0, attempt_s=5.0, whole_s=whole_s)
        calls.until("asr", REQUEST, patience, self.results.append, self.results.append)


def test_late_instance_is_not_waited_for_where_another_one_is() -> None:
    """The first result counts, the other is ignored; the late one is suspected."""
    world = Instances("a", "b")
    world.begin()
    world.pass_s(1.0)
    assert (world.asked, world.suspected) == (["a", "b"], ["a"])
    world.calls["b"][0]("from b")
    world.calls["a"][0]("from a")
    assert world.results == ["from b"]


def test_only_instance_is_waited_for() -> None:
    """Past its budget it is still the best there is."""
    world = Instances("a")
    world.begin()
    world.pass_s(1.0)
    assert (world.asked, world.suspected) == (["a"], [])
    world.calls["a"][0]("late")
    assert world.results == ["late"]


def test_lost_work_is_asked_elsewhere() -> None:
    """A peer that dies costs one more call, and no error."""
    world = Instances("a", "b")
    world.begin()
    world.calls["a"][1](PeerLostError("gone"))
    world.pass_s(0.5)
    world.calls["b"][0]("from b")
    assert (world.asked, world.results) == (["a", "b"], ["from b"])


def test_one_of_two_that_fails_leaves_the_other_to_answer() -> None:
    """Whoever is still at work is not asked again."""
    world = Instances("a", "b")
    world.begin()
    world.pass_s(1.0)
    world.calls["a"][1](PeerLostError("gone"))
    world.pass_s(0.5)
    assert world.asked == ["a", "b"]
    world.calls["b"][0]("from b")
    assert world.results == ["from b"]


def test_refusal_for_good_and_the_end_of_patience_are_told_once() -> None:
    """Errors that will not pass are not tried elsewhere; others not for ever."""
    world = Instances("a", "b")
    world.begin()
    world.calls["a"][1](EngineError("no"))
    assert [type(result) for result in world.results] == [EngineError]
    empty = Instances()
    empty.begin(whole_s=0.0)
    assert [getattr(result, "code", "") for result in empty.results] == ["not_ready"]


def test_absence_is_shown_soon_and_told_once() -> None:
    """A restart is not worth a word; a long absence is said, again after the next one."""
    absences = Absences()
    absences.see("vad", there=False, now_ns=0)
    absences.see("vad", there=False, now_ns=5 * S)
    assert absences.notice(S // 2) == ""
    assert "hear" in absences.notice(2 * S)
    assert not absences.to_tell("vad", 5 * S)
    assert absences.is_long("vad", 9 * S)
    assert [absences.to_tell("vad", 9 * S), absences.to_tell("vad", 10 * S)] == [True, False]
    absences.see("vad", there=True, now_ns=11 * S)
    assert absences.notice(30 * S) == ""
    absences.see("vad", there=False, now_ns=40 * S)
    assert absences.to_tell("vad", 49 * S)
