"""The list of texts and of how people say them: `tests/tts/normal_cases/*.tsv`."""

import re
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """One line of a file."""

    file: str
    """Begins with the language that people would name; `mixed` for two at once."""

    line: int
    text: str
    expected: str

    @property
    def language(self) -> str:
        """What the order says: the language is found out."""
        return "zh" if self.file.startswith("zh") else "auto"


def read_cases(folder: Path) -> list[Case]:
    """All cases; `⏎` stands for a newline."""
    cases: list[Case] = []
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            text, expected = line.replace("⏎", "\n").split("\t")
            cases.append(Case(path.stem, number, text, expected))
    return cases


def same(said: str, expected: str) -> bool:
    """Whether two texts sound alike: the width of spaces, and those beside Chinese, may differ."""
    return _even(said) == _even(expected)


_CHINESE = r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]"


def _even(text: str) -> str:
    single = re.sub(r"\s+", " ", text).strip()
    return re.sub(rf"(?<={_CHINESE}) | (?={_CHINESE})", "", single)
