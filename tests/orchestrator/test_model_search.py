"""Language models are looked for beside the conversation, and let go of without harm to it."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from streamtalk.cli.chaos.llm_server import LlmServer, serving
from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.memory import Memory
from streamtalk.orchestrator.models import LanguageModels
from streamtalk.orchestrator.thinking_loop import ThinkingLoop
from streamtalk.proto.errors import StreamTalkError

pytestmark = pytest.mark.process

WAIT_S = 20.0


class Reply:
    """What came of one question; `next` waits for the next event."""

    def __init__(self) -> None:
        self._events: queue.Queue[str] = queue.Queue()

    def on_text(self, delta: str) -> None:
        """More text."""
        self._events.put(delta)

    def on_end(self) -> None:
        """Complete."""
        self._events.put("<end>")

    def on_failed(self, error: StreamTalkError) -> None:
        """Broken off."""
        self._events.put(f"<{error.code}>")

    def next(self) -> str:
        """The next text, or how it ended in angle brackets."""
        return self._events.get(timeout=WAIT_S)


class Search:
    """A running search; `changed` is set whenever another engine answers from now on."""

    def __init__(self, server: LlmServer) -> None:
        self.changed = threading.Event()
        config = OrchestratorConfig(llm=LlmConfig(base_url=server.base_url))
        log = logging.getLogger(__name__)
        self.loop = ThinkingLoop(_at_once, log)
        self.models = LanguageModels(config, self.loop, log, self.changed.set)
        self.loop.start()
        self.models.start()

    def ask(self) -> Reply:
        """Ask what answers now."""
        engine, reply = self.models.engine, Reply()
        assert engine is not None
        self.loop.stream(lambda: self.models.stream(engine, "hello", Memory()), reply)
        return reply


def _at_once(function: Callable[[], None]) -> None:
    function()


@pytest.fixture
def server() -> Iterator[LlmServer]:
    """A server that takes two seconds for an answer."""
    with serving(LlmServer(text="word " * 39 + "end")) as found:
        found.token_s = 0.05
        yield found


@pytest.fixture
def search(server: LlmServer) -> Iterator[Search]:
    """A search that has found the server."""
    found = Search(server)
    try:
        assert found.changed.wait(WAIT_S)
        found.changed.clear()
        yield found
    finally:
        found.loop.close()


def test_unreachable_server_is_looked_at_again_at_once(server: LlmServer, search: Search) -> None:
    """After an answer that broke off nobody waits for the next regular check."""
    server.models, server.fault = [], "reset_early"
    assert search.ask().next() == "<llm_unreachable>"
    assert search.changed.wait(WAIT_S)
    assert search.models.engine is None
    assert search.models.label == "builtin"


def test_answer_under_way_outlives_its_engine(server: LlmServer, search: Search) -> None:
    """A server that is given up by one question goes on with the answer to another."""
    first = search.ask()
    heard = first.next()
    server.models, server.faults = [], ["reset_early", "reset_early"]
    assert search.ask().next() == "<llm_unreachable>"
    assert search.changed.wait(WAIT_S)
    assert search.models.engine is None
    while not heard.endswith(">"):
        heard += first.next()
    assert heard == server.text + "<end>"
