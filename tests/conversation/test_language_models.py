"""A language model's server answers spoken questions, fails in every way, and comes and goes."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgpack
import pytest
import zmq

from streamtalk.cli.chaos.llm_server import LlmServer, serving
from streamtalk.proto.topics import topic
from tests.support.questions import write_each, write_questions
from tests.support.stack import Done, RunningStack, running_stack

pytestmark = pytest.mark.conversation

SAID: Final = "what is seven hundred ninety three times eight hundred sixty one"
"""What the scripted recognition understands, whatever is said."""

HEARD: Final = "what is 793 times 861"
"""The same, as it is written."""

SPOKEN: Final = "hello there"
PRODUCT: Final = "793 times 861 is 682,773."
REPLY: Final = "Nine turquoise walruses agree."
STORY: Final = (
    "One fine day, a fox met a crow. It had a piece of cheese. So the fox began to sing, "
    "and all the birds came by."
)
KEY: Final = "sk-never-write-this-down-51c0ffee"
SORRY: Final = "Sorry, I couldn't get an answer from the language model. Please try again."
LABEL: Final = "configured:tiny-chat"
CUT_CHARS: Final = 120
CONFIG: Final = f"""
[asr]
engine = "scripted"
[asr.engines.scripted]
texts = ["{SAID}"]
[orchestrator.llm]
base_url = "http://127.0.0.1:{{port}}/v1"
first_token_timeout_s = 1.0
stall_timeout_s = 1.0
breaker_s = 0.1
check_s = 600
answer_chars = {CUT_CHARS}
"""

Report = dict[str, Any]


@pytest.fixture(scope="module")
def port() -> int:
    """Where the server is expected, and where nothing listens yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture(scope="module")
def stack(port: int) -> Iterator[RunningStack]:
    """A stack that was started while its language model was away."""
    config = CONFIG.format(port=port)
    with running_stack(config, STREAMTALK_LLM_API_KEY=KEY) as found:
        yield found


@pytest.fixture
def server(stack: RunningStack, port: int) -> Iterator[LlmServer]:
    """The server, when the running stack has found it."""
    with serving(LlmServer(REPLY), port) as found:
        wait_for_llm(stack, LABEL)
        yield found


def wait_for_llm(stack: RunningStack, label: str) -> None:
    """Until the orchestrator says that this is what answers."""
    context = zmq.Context()
    try:
        directory = context.socket(zmq.SUB)
        directory.setsockopt(zmq.SUBSCRIBE, topic("state", "directory", "all"))
        directory.connect(stack.run_dir.bus_out)
        while directory.poll(30_000):
            found = msgpack.unpackb(directory.recv_multipart()[1])["instances"]
            if any((i["service"], i.get("engine")) == ("orchestrator", label) for i in found):
                return
    finally:
        context.destroy(linger=0)
    pytest.fail("the directory fell silent")


def converse(stack: RunningStack, folder: Path, questions: int) -> tuple[Done, Report]:
    """Ask so many questions, each when the last was answered; how it ended, and its report."""
    return _hold(stack, folder, write_each(folder, [SPOKEN] * questions))


def _hold(stack: RunningStack, folder: Path, wavs: list[str]) -> tuple[Done, Report]:
    report = folder / "report.json"
    done = stack.command("converse", *wavs, "--report", str(report))
    return done, json.loads(report.read_text())


def contents(request: Report, role: str) -> list[str]:
    """What a chat request quotes of one role."""
    return [message["content"] for message in request["messages"] if message["role"] == role]


def test_answer_of_server_is_heard_and_remembered(
    stack: RunningStack, server: LlmServer, tmp_path: Path
) -> None:
    """The server's words are spoken to the end, and are the context of the next question."""
    done, report = converse(stack, tmp_path, questions=2)
    assert done.code == 0, done.err
    assert report["engines"]["llm"] == LABEL
    for turn in report["turns"]:
        assert turn["user_text"] == HEARD
        assert turn["reply_text"] == REPLY
        assert turn["heard_text"] == REPLY
        assert turn["error"] is None
    first, second = server.requests
    assert [m["role"] for m in first["messages"]] == ["system", "user"]
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "user"]
    assert contents(second, "user") == [HEARD, HEARD]
    assert contents(second, "assistant") == [REPLY]


def test_cutting_in_closes_the_stream(
    stack: RunningStack, server: LlmServer, tmp_path: Path
) -> None:
    """Speech over an answer ends it at the server too; only what was heard is remembered."""
    server.text, server.token_s, server.faults = STORY, 0.4, ["none", "half_emoji"]
    wav = write_questions(tmp_path / "in.wav", [SPOKEN] * 2, pause_s=4.5, last_pause_s=0.5)
    done, report = _hold(stack, tmp_path, [str(wav)])
    assert done.code == 0, done.err
    cut, short = report["turns"]
    assert short["heard_text"] == "Yes  indeed"
    assert cut["interrupted"]
    assert STORY.startswith(cut["reply_text"])
    assert cut["reply_text"] != STORY
    assert cut["reply_text"].startswith(cut["heard_text"])
    assert server.open_before == [0, 0]
    (context,) = contents(server.requests[1], "assistant")
    assert context == cut["heard_text"].rstrip() + " [interrupted]"


def test_built_in_assistant_stands_in(stack: RunningStack, port: int, tmp_path: Path) -> None:
    """A server that goes away is told of once; the assistant answers until it is back."""
    with serving(LlmServer(REPLY), port):
        wait_for_llm(stack, LABEL)
    done, report = converse(stack, tmp_path, questions=2)
    lost, stood_in = report["turns"]
    assert done.code == 1
    assert (lost["error"], lost["heard_text"]) == ("llm_unreachable", SORRY)
    assert stood_in["error"] is None
    assert stood_in["heard_text"] == PRODUCT
    assert report["engines"]["llm"] == "builtin"
    with serving(LlmServer(REPLY), port):
        wait_for_llm(stack, LABEL)
        done, report = converse(stack, tmp_path, questions=1)
    assert done.code == 0, done.err
    assert [turn["heard_text"] for turn in report["turns"]] == [REPLY]


def test_refusals_are_told_and_got_over(
    stack: RunningStack, server: LlmServer, tmp_path: Path
) -> None:
    """Each refusal is told to the person with its code; the next good answer is spoken."""
    refused_twice = ("rate_limited", "failing", "reset_early")
    server.faults = ["unauthorized", "html", *(f for fault in refused_twice for f in [fault] * 2)]
    done, report = converse(stack, tmp_path, questions=6)
    *failed, last = report["turns"]
    assert done.code == 1
    assert [turn["error"] for turn in failed] == [
        "llm_auth",
        "llm_garbage",
        "llm_rate_limited",
        "llm_server",
        "llm_unreachable",
    ]
    assert [turn["heard_text"] for turn in failed] == [SORRY] * 5
    assert (last["error"], last["heard_text"]) == (None, REPLY)


@pytest.mark.parametrize(
    "faults, code, heard",
    [
        (["reset"], "llm_unreachable", "Nine turquoise walruses "),
        (["stall"], "llm_timeout", "Nine turquoise walruses "),
        (["slow_first"] * 2, "llm_timeout", SORRY),
    ],
)
def test_broken_answer_is_told_and_got_over(
    stack: RunningStack,
    server: LlmServer,
    tmp_path: Path,
    faults: list[str],
    code: str,
    heard: str,
) -> None:
    """What came before the fault is heard, or that nothing came; the next question is answered."""
    server.faults = list(faults)
    done, report = converse(stack, tmp_path, questions=2)
    broken, whole = report["turns"]
    assert done.code == 1
    assert (broken["error"], broken["heard_text"]) == (code, heard)
    assert (whole["error"], whole["heard_text"]) == (None, REPLY)
    assert len(server.requests) == len(faults) + 1


def test_answer_survives_rubbish_and_has_an_end(
    stack: RunningStack, server: LlmServer, tmp_path: Path
) -> None:
    """Events that are none are left out; an answer without an end is cut, its stream closed."""
    server.faults = ["broken_sse", "endless"]
    done, report = converse(stack, tmp_path, questions=2)
    assert done.code == 0, done.err
    whole, cut = report["turns"]
    assert whole["heard_text"] == REPLY
    assert len(cut["reply_text"]) == CUT_CHARS
    assert cut["heard_text"] == cut["reply_text"]
    assert server.open == 0


def test_words_and_key_stay_where_they_belong(
    stack: RunningStack, server: LlmServer, tmp_path: Path
) -> None:
    """What was said is in the history alone, which only its owner reads; the key is nowhere."""
    done, _ = converse(stack, tmp_path, questions=1)
    assert done.code == 0, done.err
    assert f"Bearer {KEY}" in server.keys
    files = [path for path in stack.run_dir.path.rglob("*") if path.is_file()]
    bytes_of = {path: path.read_bytes() for path in files}
    assert any(path.is_relative_to(stack.run_dir.path / "logs") for path in files)
    for words in (HEARD, REPLY):
        holders = [path for path, raw in bytes_of.items() if words.encode() in raw]
        assert holders
        assert {path.name.removesuffix("-wal") for path in holders} == {"history.db"}
    assert [path for path, raw in bytes_of.items() if KEY.encode() in raw] == []
    for path in stack.run_dir.path.glob("history.db*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
