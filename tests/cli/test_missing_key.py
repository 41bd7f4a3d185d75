"""A profile whose voice needs a key that is not there: it is said, and the next voice speaks."""

from pathlib import Path

import pytest

from tests.support.stack import command, private_environment, private_folder, processes_of

pytestmark = pytest.mark.process

CONFIG = Path(__file__).parents[2] / "streamtalk.toml"
KEYS = ("OPENAI_API_KEY", "STREAMTALK_TTS_OPENAI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the person who runs the tests has set."""
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def test_cloud_without_a_key_speaks_with_espeak() -> None:
    """`up` succeeds, names the variable to set, and a sentence can be heard."""
    with private_folder() as folder:
        environment = private_environment(folder)
        up = command(environment, "up", "--config", str(CONFIG), "--profile", "cloud")
        try:
            assert up.code == 0, up.err
            assert "without tts openai: api.openai.com needs a key" in up.err
            assert "set STREAMTALK_TTS_OPENAI_API_KEY or OPENAI_API_KEY" in up.err
            assert "tts espeak" in up.out
            said = command(environment, "say", "Good morning.", "--out", str(folder / "x.wav"))
            assert said.code == 0, said.err
            assert (folder / "x.wav").stat().st_size > 20_000
        finally:
            assert command(environment, "down").code == 0
        assert processes_of(folder) == []


def test_chain_of_which_nobody_can_speak_does_not_come_up() -> None:
    """Every reason is told, and nothing is left running."""
    with private_folder() as folder:
        config = folder / "streamtalk.toml"
        config.write_text('[tts]\nchain = ["openai", "google"]\nlast_resort = ""\n', "utf-8")
        up = command(private_environment(folder), "up", "--config", str(config))
        assert up.code == 1
        assert "Google needs a key" in up.err
        assert processes_of(folder) == []
