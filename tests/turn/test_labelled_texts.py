"""The rules against labelled texts: the half that they were not written with."""

import re

import msgspec
import pytest

from streamtalk.turn.engines.rules import judge
from tests.support.recordings import AUDIO_DIR

pytestmark = pytest.mark.contract

_PUNCTUATION = re.compile(r"[^\w\s'-]|_")


def _recalls(name: str) -> dict[str, float]:
    path = AUDIO_DIR / "turn_text" / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"labelled texts are not at {path}")
    rows = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()][1::2]
    hits: dict[str, list[bool]] = {}
    for row in rows:
        text = _PUNCTUATION.sub(" ", row["text"]).strip().lower()
        hits.setdefault(row["label"], []).append(_label(text, row["language"]) == row["label"])
    return {label: sum(found) / len(found) for label, found in hits.items()}


def _label(text: str, language: str) -> str:
    verdict = judge(text)
    if language == "en":
        return "speak" if verdict.finished >= 0.5 else "wait"
    return "finished" if verdict.label == "backchannel" else verdict.label


@pytest.mark.parametrize(
    "name, floor",
    [("aslp_easyturn_test", 0.80), ("turnlite_test", 0.60), ("jwn_en_dev", 0.75)],
)
def test_rules_hold_their_accuracy(name: str, floor: float) -> None:
    """Balanced accuracy on unseen lines, without punctuation, stays where it was measured."""
    recalls = _recalls(name)
    balanced = sum(recalls.values()) / len(recalls)
    figures = {label: round(recall, 3) for label, recall in recalls.items()}
    print(f"\n{name}: balanced {balanced:.3f}, recall {figures}")  # noqa: T201 — the README quotes it
    assert balanced >= floor
