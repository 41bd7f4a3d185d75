"""`config show` says where each value comes from."""

from pathlib import Path

import pytest

from streamtalk.cli import origins

pytestmark = pytest.mark.unit


def test_strongest_layer_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default, file, profile and environment are told apart."""
    path = tmp_path / "streamtalk.toml"
    path.write_text(
        "[turn.engines.rules]\nquick_ms = 1\nmiddle_ms = 2\npatient_ms = 3\n"
        "[profiles.p.turn.engines.rules]\nmiddle_ms = 20\npatient_ms = 30\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("STREAMTALK_TURN__ENGINES__RULES__PATIENT_MS", "300")
    found = {s.key.split(".")[-1]: s for s in origins.resolve(path, "p") if "rules" in s.key}
    expected = {
        "quick_ms": (1.0, str(path)),
        "middle_ms": (20.0, "profile p"),
        "patient_ms": (300.0, "STREAMTALK_TURN__ENGINES__RULES__PATIENT_MS"),
        "bound_ms": (2_000.0, "default"),
    }
    assert expected == {key: (setting.value, setting.source) for key, setting in found.items()}


def test_variable_that_nobody_reads_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """One underscore where there must be two is the usual mistake."""
    monkeypatch.setenv("STREAMTALK_TTS_ENGINE", "espeak")
    monkeypatch.setenv("STREAMTALK_TTS__THREADS", "1")
    assert "STREAMTALK_TTS_ENGINE" in origins.unread_variables()
    assert "STREAMTALK_TTS__THREADS" not in origins.unread_variables()
