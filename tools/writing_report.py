"""How many of the hand-written cases a transcript's writing gets right, by file and in all.

Beside it stand `wetext` and `cn2an`, where they are installed, on the same cases, each as its
makers mean it for a sentence: pip install wetext cn2an. They write numbers only.
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from streamtalk.asr.engine import Heard
from streamtalk.asr.writing.writer import Writer, WritingConfig
from streamtalk.proto.recognition import Word
from tests.support.writing_cases import WritingCase, read_writing_cases

Writing = Callable[[WritingCase], str]


def ours(case: WritingCase) -> str:
    """What this project writes."""
    return Writer(WritingConfig(script=case.script)).draft(case.heard, case.language).text


def baselines() -> dict[str, Writing]:
    """Those that are installed."""
    found: dict[str, Writing] = {}
    try:
        normalizer = importlib.import_module("wetext").Normalizer
    except ImportError:
        pass
    else:
        by_language = {name: normalizer(lang=name, operator="itn") for name in ("en", "zh")}
        found["wetext"] = lambda case: str(by_language[case.language].normalize(case.heard))
    try:
        cn2an = importlib.import_module("cn2an")
    except ImportError:
        pass
    else:
        found["cn2an"] = lambda case: _transformed(cn2an.transform, case.heard)
    return found


def _transformed(transform: Callable[[str, str], str], text: str) -> str:
    """What cn2an makes of it, or nothing where it fails."""
    try:
        return transform(text, "cn2an")
    except ValueError:
        return ""


def table(cases: Sequence[WritingCase], write: Writing, *, show_wrong: bool) -> int:
    """Print a line for each file; returns how many are wrong."""
    right: dict[str, list[bool]] = {}
    began_ns = time.thread_time_ns()
    for case in cases:
        written = write(case)
        right.setdefault(case.file, []).append(written == case.written)
        if show_wrong and written != case.written:
            print(f"  {case.file}:{case.line}: {case.heard!r}")
            print(f"    wrote {written!r}\n    want  {case.written!r}")
    took_ms = (time.thread_time_ns() - began_ns) / 1e6
    for file, found in right.items():
        print(f"  {file:<16}{sum(found):4} of {len(found)}")
    total = sum(map(sum, right.values()))
    print(f"  {'all':<16}{total:4} of {len(cases)}, {took_ms / len(cases):.3f} ms of CPU each")
    return len(cases) - total


def latency(cases: Sequence[WritingCase]) -> None:
    """Print what a partial of half a minute takes with its words, the median of 50 runs."""
    text = "，".join(case.heard for case in cases if case.file.startswith("zh"))[:120]
    words = tuple(
        Word(text=char, from_sample=at, to_sample=at + 1, confidence=1.0)
        for at, char in enumerate(text)
    )
    heard = Heard(text, "zh", 0.0, words=words, stable_chars=len(text) - 8)
    writer = Writer(WritingConfig())
    taken_ms = []
    for _ in range(50):
        began_ns = time.thread_time_ns()
        writer.write(heard, final=False)
        taken_ms.append((time.thread_time_ns() - began_ns) / 1e6)
    print(f"  a partial of {len(text)} characters and as many words: ", end="")
    print(f"{statistics.median(taken_ms):.2f} ms of CPU")


def main() -> int:
    """Print the report; 1 when a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="show what is wrong")
    shown = parser.parse_args().wrong
    cases = read_writing_cases()
    ours(cases[0])
    print("stream-talk")
    wrong = table(cases, ours, show_wrong=shown)
    latency(cases)
    for name, write in baselines().items():
        print(name)
        table(cases, write, show_wrong=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
