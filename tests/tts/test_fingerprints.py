"""What decides how a remote voice sounds is in its fingerprint, and nothing else is."""

from typing import Any

import pytest

from streamtalk.tts.engine import Order
from streamtalk.tts.engines.azure import AzureEngine
from streamtalk.tts.engines.cosyvoice import CosyVoiceEngine
from streamtalk.tts.engines.google import GoogleEngine
from streamtalk.tts.engines.openai import OpenAiEngine
from streamtalk.tts.remote.engine import RemoteEngine
from streamtalk.tts.remote.settings import (
    AzureSettings,
    CosyVoiceSettings,
    GoogleSettings,
    OpenAiSpeechSettings,
)
from tests.support.voice_servers.sound import tone, wav

pytestmark = pytest.mark.unit

ORDER = Order("Good morning.")
KINDS: dict[str, tuple[Any, Any]] = {
    "openai": (OpenAiEngine, OpenAiSpeechSettings),
    "azure": (AzureEngine, AzureSettings),
    "google": (GoogleEngine, GoogleSettings),
}
AUDIBLE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("openai", {}, {"base_url": "https://example.org/v1"}),
    ("openai", {}, {"mode": "quality"}),
    ("openai", {"mode": "fast"}, {"model": "kokoro"}),
    ("openai", {}, {"voices": {"en": "echo"}}),
    ("openai", {}, {"instructions": "Warmly."}),
    ("openai", {}, {"response_format": "wav"}),
    ("openai", {}, {"pcm_rate_hz": 22_050}),
    ("openai", {}, {"extra": {"seed": 3}}),
    ("azure", {"region": "westeurope"}, {"region": "eastus"}),
    ("azure", {"region": "eastus"}, {"region": "eastus", "pitch": "+5%"}),
    ("azure", {"region": "eastus"}, {"region": "eastus", "voices": {"en": "en-US-AvaNeural"}}),
    ("google", {}, {"mode": "fast"}),
    ("google", {}, {"pitch_semitones": 2.0}),
]
SILENT: list[tuple[str, dict[str, Any]]] = [
    ("openai", {"first_byte_timeout_s": 1.0, "stall_timeout_s": 1.0}),
    ("azure", {"connect_timeout_s": 1.0}),
    ("google", {"piece_timeout_s": 9.0}),
]


def engine(name: str, key: str = "sk-1", **settings: Any) -> RemoteEngine[Any]:  # noqa: ANN401
    """An engine that is not loaded: it asks nobody."""
    kind, settings_kind = KINDS[name]
    made: RemoteEngine[Any] = kind(
        settings_kind(**settings), {f"STREAMTALK_TTS_{name.upper()}_API_KEY": key}
    )
    return made


def cosyvoice(recording: Any, **settings: Any) -> RemoteEngine[Any]:  # noqa: ANN401 — a path
    """One with a recorded voice."""
    values = {"transport": "http", "prompt_text": "Hello.", **settings}
    return CosyVoiceEngine(CosyVoiceSettings(prompt_wav=str(recording), **values))


@pytest.mark.parametrize("name, before, after", AUDIBLE)
def test_whatever_is_heard_changes_it(
    name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Server, model, voice, rate and parameters."""
    assert engine(name, **before).fingerprint(ORDER) != engine(name, **after).fingerprint(ORDER)


@pytest.mark.parametrize("name, settings", SILENT)
def test_whatever_is_not_heard_leaves_it(name: str, settings: dict[str, Any]) -> None:
    """Deadlines, and the key: who has a new one keeps what was said."""
    region = {"region": "eastus"} if name == "azure" else {}
    before = engine(name, key="sk-old", **region)
    after = engine(name, key="sk-new", **region, **settings)
    assert before.fingerprint(ORDER) == after.fingerprint(ORDER)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_it_holds_neither_key_nor_text(name: str) -> None:
    """It may be logged."""
    region = {"region": "eastus"} if name == "azure" else {}
    found = engine(name, key="sk-canary", **region).fingerprint(ORDER)
    assert "canary" not in found
    assert ORDER.text not in found


def test_recording_is_known_by_its_sound(tmp_path: Any) -> None:  # noqa: ANN401 — a path
    """A copy elsewhere is the same voice; another recording under the same name is not."""
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(wav(tone("Hello.")))
    first = cosyvoice(tmp_path / "a.wav").fingerprint(ORDER)
    assert cosyvoice(tmp_path / "b.wav").fingerprint(ORDER) == first
    (tmp_path / "a.wav").write_bytes(wav(tone("Hello there.")))
    assert cosyvoice(tmp_path / "a.wav").fingerprint(ORDER) != first
