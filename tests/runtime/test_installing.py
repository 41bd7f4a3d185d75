"""What a person is told to type for a package that is missing."""

from pathlib import Path

import pytest

from streamtalk.runtime import installing
from streamtalk.runtime.installing import how_to_install
from tests.support.tree import ROOT

pytestmark = pytest.mark.unit


def test_checkout_is_completed_by_make() -> None:
    """Nothing of that name need be in any index: the checkout has the locked packages."""
    assert how_to_install("spark") == "make setup EXTRAS=spark"
    assert how_to_install() == "make setup"
    assert "EXTRAS" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_installed_package_is_completed_by_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a checkout around it, the extra is one of the distribution."""
    monkeypatch.setattr(installing, "_CHECKOUT", tmp_path)
    assert how_to_install("whisper") == "pip install 'streamtalk[whisper]'"
    assert how_to_install() == "pip install streamtalk"
