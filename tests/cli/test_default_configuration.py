"""`streamtalk.toml` in the repository: valid, and its comments tell the truth."""

import re
import tomllib
from pathlib import Path

import pytest

from streamtalk.cli.configuration import TABLES, check
from tests.support.tree import ROOT

pytestmark = pytest.mark.contract

FILE = ROOT / "streamtalk.toml"
TEXT = FILE.read_text(encoding="utf-8")
UNCOMMENTED = re.sub(r"^#(?=[a-z_]+ = )", "", TEXT, flags=re.MULTILINE)
PROFILES = sorted(tomllib.loads(TEXT)["profiles"])


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the file is looked at."""
    for name in TABLES:
        monkeypatch.delenv(f"STREAMTALK_{name.upper()}__ENGINE", raising=False)


def test_file_changes_no_default() -> None:
    """Who copies the file gets what runs without it."""
    assert check(None, None) == check(FILE, None)


def test_each_comment_shows_a_real_key_and_its_default(tmp_path: Path) -> None:
    """Removing every # changes nothing: the keys exist and the values are the defaults."""
    path = tmp_path / "streamtalk.toml"
    path.write_text(UNCOMMENTED, encoding="utf-8")
    assert UNCOMMENTED.count("\n#") < TEXT.count("\n#")
    assert check(None, None) == check(path, None)


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_is_valid_and_changes_something(profile: str) -> None:
    """Each profile holds keys that exist."""
    assert check(FILE, profile) != check(FILE, None)


def test_profiles_are_those_that_are_promised() -> None:
    """The README names these three."""
    assert PROFILES == ["cloud", "cuda", "mac"]
