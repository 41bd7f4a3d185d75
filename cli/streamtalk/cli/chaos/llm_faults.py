"""A language model's server that fails in every way that servers do, while people talk to it."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from streamtalk.cli.chaos.account import account, lost_lines
from streamtalk.cli.chaos.crowd import People
from streamtalk.cli.chaos.llm_server import LlmServer, serving
from streamtalk.cli.chaos.outcome import Check
from streamtalk.cli.chaos.scene import Scene
from streamtalk.cli.chaos.talker import Said

FAULTS: Final = (
    "down",
    "unauthorized",
    "rate_limited",
    "failing",
    "slow_first",
    "stall",
    "reset",
    "broken_sse",
    "half_utf8",
    "huge_token",
    "html",
    "null_deltas",
    "endless",
    "endless_garbage",
    "unknown_finish",
    "deep",
)
TEXT: Final = "One two three. Four five six. Seven eight nine."
_LIMIT_S: Final = 90.0


def check(sessions: int, seed: int, names: Sequence[str]) -> Check:
    """Each fault until everybody has met it, then a server that is well again."""
    found = Check(
        check="llm",
        asked="every utterance is answered or told of the error; the next turn is answered "
        "without a restart; no process ends",
    )
    server = LlmServer(TEXT)
    with ExitStack() as serve:
        serve.enter_context(serving(server))
        with Scene(People(sessions, seed), base_url=server.base_url) as scene:
            before = {i.slot: i.pid for i in scene.observer.directory.instances}
            for name in names:
                _meet(scene, server, name, serve, found)
            after = {i.slot: i.pid for i in scene.observer.directory.instances}
    found.broken += [f"{slot} ended" for slot in sorted(before) if before[slot] != after.get(slot)]
    return found


def _meet(scene: Scene, server: LlmServer, name: str, serve: ExitStack, found: Check) -> None:
    began_ns = time.monotonic_ns()
    if name == "down":
        serve.close()
    else:
        server.fault = name
    met = scene.wait(lambda: _everybody_since(scene, began_ns), _LIMIT_S)
    sums = account(_said_meanwhile(scene, began_ns))
    if name == "down":
        serve.enter_context(serving(server, server.port))
    server.fault = "none"
    back_ns = time.monotonic_ns()
    well = scene.wait(lambda: scene.answered_since(back_ns), _LIMIT_S)
    back_ms = round((time.monotonic_ns() - back_ns) / 1e6)
    found.measured[name] = f"{sums.told} of {sums.turns} told, next turns after {back_ms} ms"
    found.broken += [f"{name}: {line}" for line in lost_lines(sums)]
    if not met or not well:
        missing = scene.missing_since(back_ns if met else began_ns)
        when = "again" if met else "at all"
        found.broken.append(f"{name}: not everybody was answered {when}: {missing}")


def _said_meanwhile(scene: Scene, began_ns: int) -> list[Said]:
    return [said for said in scene.crowd.said if said.began_ns > began_ns]


def _everybody_since(scene: Scene, began_ns: int) -> bool:
    return {s.session for s in _said_meanwhile(scene, began_ns)} >= set(scene.crowd.sessions)
