"""Recorded speech for tests: rows of the manifest beside the checkout, or a skip that says so."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

AUDIO_DIR = Path(__file__).parents[2] / ".." / "shared" / "audio"


@dataclass(frozen=True)
class Recording:
    """One row of the manifest."""

    path: Path
    seconds: float
    language: str | None
    transcript: str | None
    kind: str
    row: dict[str, Any]
    """The whole row, licence and source included."""


@cache
def _rows() -> dict[str, Recording]:
    manifest = AUDIO_DIR / "manifest.jsonl"
    if not manifest.is_file():
        return {}
    rows = [msgspec.json.decode(line) for line in manifest.read_bytes().splitlines() if line]
    return {row["file"]: _recording(row) for row in rows}


def _recording(row: dict[str, Any]) -> Recording:
    return Recording(
        path=AUDIO_DIR / row["file"],
        seconds=row["seconds"],
        language=row.get("language"),
        transcript=row.get("transcript"),
        kind=row["kind"],
        row=row,
    )


def recordings(folder: str) -> list[Recording]:
    """The recordings of a folder such as `en`, by name; empty where none are there."""
    return [row for name, row in sorted(_rows().items()) if name.startswith(f"{folder}/")]


def recording(name: str) -> Recording:
    """The recording `name`, such as `en/jfk.wav`; skips the test where it is absent."""
    row = _rows().get(name)
    if row is None or not row.path.is_file():
        pytest.skip(f"recording {name} is not at {AUDIO_DIR}")
    return row
