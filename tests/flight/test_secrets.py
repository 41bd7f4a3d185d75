"""A recording holds what a replay needs of the configuration, and no secret of it."""

from pathlib import Path

import pytest

from streamtalk.cli.record import configuration_of

pytestmark = pytest.mark.unit

TOML = """
[asr]
engine = "pocketsphinx"
[asr.engines.pocketsphinx]
grammar_confidence = 0.5
[tts.engines.cloud]
api_key = "very-secret"
password_file = "/secret"
url = "http://example"
[orchestrator.llm]
base_url = "http://very-secret"
[profiles.slow.turn]
nice = 3
"""


def test_configuration_is_kept_without_secrets(tmp_path: Path) -> None:
    """Tables of the stages, the profile's included; nothing that is named like a secret."""
    path = tmp_path / "streamtalk.toml"
    path.write_text(TOML)
    assert configuration_of(path, "slow") == {
        "asr": {
            "engine": "pocketsphinx",
            "engines": {"pocketsphinx": {"grammar_confidence": 0.5}},
        },
        "tts": {"engines": {"cloud": {"url": "http://example"}}},
        "turn": {"nice": 3},
    }


def test_configuration_that_is_gone_is_none(tmp_path: Path) -> None:
    """Without the file that the stack was started with, a session is recorded all the same."""
    assert configuration_of(tmp_path / "nothing.toml", None) == {}
