"""The chain of recognisers over real `asr` processes: one errs or hangs, the next one answers."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import zmq

from streamtalk.client.caller import Caller
from streamtalk.client.directory import Addresses
from streamtalk.client.ring import RingWriter
from streamtalk.client.rundir import RunDir
from streamtalk.orchestrator.breaker import BreakerConfig
from streamtalk.orchestrator.calls import Patience, ServiceCalls, Timers
from streamtalk.orchestrator.metrics import OrchestratorMetrics
from streamtalk.orchestrator.recognisers import Recognisers
from streamtalk.proto.codec import encode
from streamtalk.proto.directory import Directory, Instance
from streamtalk.proto.errors import EngineError, LanguageError, StreamTalkError
from streamtalk.proto.health import Health, Probe
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.runtime.reactor import Reactor
from tests.support.alone import alone

pytestmark = pytest.mark.process

_TICK_NS: Final = 20_000_000
_LIMIT_NS: Final = 60_000_000_000
PATIENT: Final = Patience(budget_s=20.0, attempt_s=40.0, whole_s=40.0)
HASTY: Final = Patience(budget_s=0.3, attempt_s=40.0, whole_s=40.0)


class Chain:
    """An orchestrator's calls to recognisers, on the thread of the test."""

    def __init__(self, context: zmq.Context[Any], folder: Path, instances: list[Instance]) -> None:
        self.reactor = Reactor()
        self.caller = Caller(context, self.reactor)
        self.addresses = Addresses(RunDir(folder), self.caller)
        self.metrics = OrchestratorMetrics()
        self.recognisers = Recognisers(
            self.addresses,
            self.caller,
            self.metrics,
            logging.getLogger("test"),
            BreakerConfig(open_s=0.05),
        )
        self.timers = Timers(self.reactor.wake_at)
        self.calls = ServiceCalls(self.caller, self.addresses, self.timers)
        self._directory = Directory(version=1, registry="r", instances=instances)
        self.endpoints = [instance.endpoint for instance in instances]
        self.ring = RingWriter(folder / "mic.ring", "stream-a")
        self.ring.write(bytes(32_000))

    def ask(self, patience: Patience = PATIENT) -> Transcript | StreamTalkError:
        """The one result of a final transcript; a second one fails the test."""
        results: list[Any] = []
        request = Transcribe(ring=str(self.ring.path), stream="stream-a", to_sample=16_000)
        self.calls.until("asr", request, patience, results.append, results.append, self.recognisers)
        self.run_until(lambda: bool(results))
        assert len(results) == 1
        found: Transcript | StreamTalkError = results[0]
        return found

    def text(self, patience: Patience = PATIENT) -> str:
        """What was heard; raises what went wrong."""
        found = self.ask(patience)
        if isinstance(found, StreamTalkError):
            raise found
        return found.text

    def run_until(self, condition: Callable[[], bool]) -> None:
        """Serve sockets and timers until then; raises TimeoutError after a minute."""
        give_up_ns = time.monotonic_ns() + _LIMIT_NS

        def tick(now_ns: int) -> int:
            # The directory of the test stays fresh: nobody else publishes one.
            self.addresses.hear(encode(self._directory))
            for part in (self.timers, self.caller, self.recognisers):
                part.tick(now_ns)
            if condition() or now_ns > give_up_ns:
                self.reactor.stop()
            return now_ns + _TICK_NS

        self.reactor._running = True
        self.reactor.run(tick)
        if not condition():
            raise TimeoutError("it did not come to that within a minute")

    def close(self) -> None:
        """Close every socket."""
        self.caller.close()
        self.reactor.close()
        self.ring.close()


Build = Callable[..., Chain]


@pytest.fixture
def build(run_dir: Path) -> Iterator[Build]:
    """Starts one `asr` process for each table of scripted settings, in the order of the chain."""
    with ExitStack() as stack:

        def run(*tables: str) -> Chain:
            instances = []
            for rank, table in enumerate(tables):
                folder = run_dir / str(rank)
                folder.mkdir()
                config = folder / "streamtalk.toml"
                config.write_text(f'[asr]\nengine = "scripted"\n[asr.engines.scripted]\n{table}')
                scene = stack.enter_context(alone("asr", folder, "--config", str(config)))
                peer = stack.enter_context(scene.connect())
                found = peer.call(Probe(), Health, 5.0).instance
                own = {"rank": rank, "slot": f"asr_{rank}", "endpoint": peer.endpoint}
                instances.append(msgspec.structs.replace(found, **own))
            context = stack.enter_context(zmq.Context())
            chain = Chain(context, run_dir, instances)
            stack.callback(chain.close)
            return chain

        yield run


def test_turn_is_answered_by_the_next_engine_and_the_first_returns(build: Build) -> None:
    """One result each time; two errors open the breaker, and a passed trial closes it."""
    chain = build('texts = ["first"]\nfault = "raise"\nfault_lasts = 2', 'texts = ["second"]')
    assert [chain.text(), chain.text()] == ["second", "second"]
    first = chain.endpoints[0]
    chain.run_until(lambda: not chain.recognisers.avoids(first))
    assert chain.text() == "first"
    text = chain.metrics.render()
    assert 'streamtalk_asr_hand_overs{reason="engine"} 2' in text
    assert 'streamtalk_asr_breaker_trials{outcome="passed"} 1' in text
    assert 'streamtalk_asr_breaker_state{slot="asr_0"} 0' in text


def test_hang_is_found_by_the_time_that_the_audio_allows(build: Build, run_dir: Path) -> None:
    """The turn is answered once, by the next engine, and nobody waits for the first one again."""
    order = run_dir / "hang"
    order.touch()
    chain = build(f'texts = ["first"]\nhang_file = "{order}"', 'texts = ["second"]')
    assert chain.text(HASTY) == "second"
    assert chain.recognisers.avoids(chain.endpoints[0])
    assert chain.text() == "second", "with all patience, so the first one was not asked"
    notice = chain.recognisers.notice()
    assert notice.startswith("scripted listens meanwhile")


def test_chain_of_three_is_gone_through_once(build: Build) -> None:
    """Where all err, the turn has one error; it is not asked for ever."""
    broken = 'fault = "raise"\n'
    chain = build(broken, broken, broken)
    assert isinstance(chain.ask(), EngineError)
    assert 'hand_overs{reason="engine"} 3' in chain.metrics.render()


def test_language_is_found_further_down_the_chain(build: Build) -> None:
    """Who cannot do it is passed over without a mark against it."""
    chain = build('texts = ["first"]', 'languages = ["zh"]\ntexts = ["第二"]')
    request = Transcribe(
        ring=str(chain.ring.path), stream="stream-a", to_sample=16_000, language="zh"
    )
    results: list[Any] = []
    chain.calls.until("asr", request, PATIENT, results.append, results.append, chain.recognisers)
    chain.run_until(lambda: bool(results))
    assert results[0].text == "第二"
    assert "reason" not in chain.metrics.render()


def test_only_engine_that_errs_is_asked_no_third_time(build: Build) -> None:
    """An error that will not pass is told at once, and as what it is."""
    chain = build('fault = "raise"')
    assert isinstance(chain.ask(), EngineError)
    assert not isinstance(chain.ask(), LanguageError)
