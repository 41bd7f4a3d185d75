"""The list of transcripts and of how people write them: `tests/asr/writing/cases/*.tsv`."""

from pathlib import Path
from typing import Final, NamedTuple

from streamtalk.asr.writing.script import Script

_FOLDER: Final = Path(__file__).parents[1] / "asr" / "writing" / "cases"


class WritingCase(NamedTuple):
    """One line of a file."""

    file: str
    """Begins with the language; `mixed` is Chinese with Latin words in it."""

    line: int
    heard: str
    written: str

    @property
    def language(self) -> str:
        """What the recogniser says it heard."""
        return "en" if self.file.startswith("en") else "zh"

    @property
    def script(self) -> Script:
        """What is asked for."""
        return "traditional" if self.file == "zh_traditional" else "simplified"


def read_writing_cases() -> list[WritingCase]:
    """All cases, in the order of the files' names."""
    return [
        WritingCase(path.stem, number, *line.split("\t"))
        for path in sorted(_FOLDER.glob("*.tsv"))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
    ]
