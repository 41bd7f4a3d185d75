"""A conversation in a remote voice: the answer that is heard was made by the server."""

import json
from pathlib import Path
from typing import Final

import pytest

from streamtalk.tts.normal import normalise
from tests.conversation.test_kills import QUESTION
from tests.support.questions import write_questions
from tests.support.stack import running_stack
from tests.support.voice_servers.http_server import HttpVoiceServer

pytestmark = pytest.mark.conversation

KEY: Final = "sk-canary-5eed-never-write-this-down"
SETTINGS: Final = {
    "openai": 'base_url = "{url}/v1"',
    "azure": 'base_url = "{url}"',
    "google": 'base_url = "{url}/v1"',
    "cosyvoice": 'address = "{url}"',
}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_answer_is_heard_in_the_remote_voice(name: str, tmp_path: Path) -> None:
    """The whole answer is ordered at the server, played, and heard; the key is in no file."""
    wav = write_questions(tmp_path / "in.wav", [QUESTION], pause_s=8.0)
    report = tmp_path / "report.json"
    server = HttpVoiceServer()
    with server.serving():
        settings = SETTINGS[name].format(url=server.url)
        config = f'[tts]\nengine = "{name}"\n[tts.engines.{name}]\n{settings}\n'
        keys = {f"STREAMTALK_TTS_{name.upper()}_API_KEY": KEY}
        with running_stack(config, **keys) as stack:
            done = stack.command("converse", str(wav), "--report", str(report))
            files = [path for path in stack.run_dir.path.rglob("*") if path.is_file()]
            holders = [path for path in files if KEY.encode() in path.read_bytes()]
    assert done.code == 0, done.err
    found = json.loads(report.read_text())
    (turn,) = found["turns"]
    assert found["engines"]["tts"] == name
    assert "56" in turn["reply_text"]
    assert turn["heard_text"] == turn["reply_text"]
    said = "".join(asked.text for asked in server.asked)
    assert normalise(turn["reply_text"]).text.strip() in said
    assert holders == []
