"""The recordings beside the checkout are what their manifest says."""

import hashlib

import pytest

from tests.support.recordings import AUDIO_DIR, recording, recordings

pytestmark = pytest.mark.contract


def test_absent_recording_skips() -> None:
    """A test that asks for what is not there is skipped, and says what it wanted."""
    with pytest.raises(pytest.skip.Exception, match="en/nobody said this"):
        recording("en/nobody said this.wav")


@pytest.mark.skipif(not (AUDIO_DIR / "manifest.jsonl").exists(), reason=f"no {AUDIO_DIR}")
@pytest.mark.parametrize("folder", ["en", "zh"])
def test_recording_has_the_listed_content(folder: str) -> None:
    """Figures are about the files that the manifest names: digests agree."""
    rows = recordings(folder)
    assert rows
    digests = {row.path.name: hashlib.sha256(row.path.read_bytes()).hexdigest() for row in rows}
    assert digests == {row.path.name: row.row["sha256"] for row in rows}
