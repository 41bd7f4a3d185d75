"""Which tests run side by side: every test is in exactly one lane, by its marker and its folder."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).resolve().parents[1]

KINDS: Final = frozenset({"unit", "contract", "process", "conversation", "perf"})
"""The markers of which each module has one."""

_BREAKING: Final = frozenset({"kill", "kills", "swap", "swaps", "degraded"})
"""Words in the names of modules in whose conversations something is broken."""


@dataclass(frozen=True)
class Lane:
    """Tests of some kinds, in a folder, in modules with or without certain words in their names."""

    name: str
    kinds: frozenset[str]
    folders: frozenset[str] = frozenset()
    """Directly below `tests`; empty: all but those of `other_folders`."""

    other_folders: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    other_words: frozenset[str] = frozenset()

    def holds(self, path: Path, kind: str) -> bool:
        """Whether it runs the tests of this kind in the module at `path`, below `tests`."""
        folder, words = path.parts[0], frozenset(path.stem.split("_"))
        return (
            kind in self.kinds
            and (not self.folders or folder in self.folders)
            and folder not in self.other_folders
            and (not self.words or bool(words & self.words))
            and not words & self.other_words
        )


def _lane(name: str, kind: str, **rest: Iterable[str]) -> Lane:
    return Lane(name, frozenset({kind}), **{key: frozenset(value) for key, value in rest.items()})


_LLM: Final = frozenset({"language"})

UNITS: Final = Lane("units", frozenset({"unit", "contract"}))
"""The lane that computes; the others mostly wait."""

REAL_TIME: Final = (
    _lane("broken conversations", "conversation", words=_BREAKING),
    _lane("chaos", "perf", folders={"chaos"}),
    _lane("commands", "process", folders={"cli"}),
    _lane("conversations", "conversation", other_words=_BREAKING | _LLM),
    _lane("processes", "process", other_folders={"cli", "tts"}),
    _lane("voice", "process", folders={"tts"}),
    _lane("benchmarks", "perf", other_folders={"chaos"}),
    _lane("language models", "conversation", words=_LLM, other_words=_BREAKING),
)
"""In the order in which they are begun: the longest first."""

LANES: Final = {lane.name: lane for lane in (UNITS, *REAL_TIME)}


def lanes_of(module: Path, kinds: Iterable[str]) -> list[str]:
    """Names of all lanes that would run a test of this module with these markers."""
    path = module.resolve().relative_to(TESTS)
    found = KINDS.intersection(kinds)
    return [lane.name for lane in LANES.values() for kind in found if lane.holds(path, kind)]
