"""The chain as every session sees it: ranks, breakers, budgets, trials, and what is told."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.client.rundir import RunDir
from streamtalk.orchestrator.breaker import BreakerConfig
from streamtalk.orchestrator.metrics import OrchestratorMetrics
from streamtalk.orchestrator.voices import Voices
from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Directory, Instance
from streamtalk.proto.errors import EngineError, OverloadedError, StreamTalkError
from streamtalk.proto.health import Proof, ProveWork

pytestmark = pytest.mark.unit

_LATER_NS = 1 << 62
Done = Callable[[Any], None]
Failed = Callable[[StreamTalkError], None]


class Calls:
    """A caller whose answers the test gives."""

    def __init__(self) -> None:
        self.pending: list[
            tuple[str, Callable[[Any], None], Callable[[StreamTalkError], None]]
        ] = []

    def call(
        self,
        endpoint: str,
        request: object,
        deadline_s: float,
        done: Done,
        failed: Failed,
    ) -> None:
        """Keep a trial for the test; others are not answered."""
        if isinstance(request, ProveWork):
            assert deadline_s > 0
            self.pending.append((endpoint, done, failed))

    def pending_at(self, endpoint: str) -> int:
        """No work here."""
        del endpoint
        return 0


class Chain:
    """Three voices of falling rank."""

    def __init__(self, tmp_path: Path) -> None:
        self.calls = Calls()
        caller = cast("Caller", self.calls)
        self.addresses = Addresses(RunDir(tmp_path), caller)
        self.metrics = OrchestratorMetrics()
        log = logging.getLogger("test")
        self.voices = Voices(self.addresses, caller, self.metrics, log, BreakerConfig())
        found = [_instance(rank, name) for rank, name in enumerate(("spark", "azure", "espeak"))]
        self.addresses.hear(encode(Directory(version=1, registry="r", instances=found)))

    @property
    def asked(self) -> str | None:
        """Who would be asked now, once no doubt is left."""
        return self.addresses.instances("tts")[0].endpoint

    def fail(self, endpoint: str, reason: str = "stall") -> None:
        """A voice is left, and the moment of doubt after it has passed."""
        self.voices.left(endpoint, reason)
        self.addresses._doubts.clear()


def _instance(rank: int, engine: str) -> Instance:
    return Instance(
        service="tts",
        instance=f"tts_{rank}-x",
        slot=f"tts_{rank}",
        engine=engine,
        endpoint=engine,
        pid=rank + 1,
        state="active",
        ready=True,
        rank=rank,
        first_audio_ms=300.0 if rank == 0 else 0.0,
    )


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """All well."""
    return Chain(tmp_path)


def test_best_rank_with_a_closed_breaker_is_asked(chain: Chain) -> None:
    """Each that was late is passed over; where all were, the best is asked again."""
    assert chain.asked == "spark"
    chain.fail("spark")
    assert chain.asked == "azure"
    chain.fail("azure")
    assert chain.asked == "espeak"
    chain.fail("espeak")
    assert chain.asked == "spark"


def test_one_error_does_not_take_the_first_voice_away(chain: Chain) -> None:
    """The next answer is its own again; a second error in a row opens the breaker."""
    chain.voices.left("spark", "engine")
    assert chain.asked == "azure", "doubted for a moment, so that this answer goes on elsewhere"
    chain.addresses._doubts.clear()
    assert chain.asked == "spark"
    chain.fail("spark", "engine")
    assert chain.asked == "azure"


def test_first_voice_returns_when_its_trial_passes(chain: Chain) -> None:
    """The trial is its canned request, which nobody hears."""
    chain.fail("spark")
    chain.voices.tick(_LATER_NS)
    assert chain.asked == "azure", "half-open is not closed"
    ((endpoint, done, _),) = chain.calls.pending
    assert endpoint == "spark"
    done(Proof(duration_ms=1.0, detail=""))
    assert chain.asked == "spark"
    assert 'trials{outcome="passed"} 1' in chain.metrics.render()


@pytest.mark.parametrize(
    "error, state", [(EngineError("still broken"), 2), (OverloadedError("at work"), 2)]
)
def test_failed_trial_leaves_the_next_one_in_charge(
    chain: Chain, error: StreamTalkError, state: int
) -> None:
    """Whether it was wrong or had no time: it will be tried again."""
    chain.fail("spark")
    chain.voices.tick(_LATER_NS)
    chain.calls.pending[0][2](error)
    assert chain.asked == "azure"
    assert f'breaker_state{{slot="tts_0"}} {state}' in chain.metrics.render()
    chain.voices.tick(_LATER_NS)
    assert len(chain.calls.pending) == 2


def test_entry_has_its_own_budget(chain: Chain) -> None:
    """Others have what they are used to."""
    chain.voices.spoke("spark", 4_000.0)
    chain.voices.spoke("azure", 100.0)
    assert chain.voices.allowed_ms("spark") == 300.0
    assert chain.voices.allowed_ms("azure") == 450.0


def test_view_is_told_who_stands_in(chain: Chain) -> None:
    """While the first voice is away, and while an answer that it lost is finished."""
    assert chain.voices.notice() == ""
    assert "azure speaks" in chain.voices.notice("azure")
    chain.fail("spark")
    assert "azure speaks" in chain.voices.notice()


def test_hand_overs_are_counted_by_reason(chain: Chain) -> None:
    """One for each voice that was left."""
    chain.fail("spark", "stall")
    chain.fail("azure", "engine")
    text = chain.metrics.render()
    assert 'streamtalk_tts_hand_overs{reason="stall"} 1' in text
    assert 'streamtalk_tts_hand_overs{reason="engine"} 1' in text
