"""How many of the hand-written cases the normaliser gets right, in each file and in all.

Beside it stands `wetext`, where it is installed, on the same cases: pip install wetext.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from streamtalk.tts.normal import normalise
from tests.support.normal_cases import Case, read_cases, same

Normaliser = Callable[[Case], str]


def ours(case: Case) -> str:
    """What this project says."""
    return normalise(case.text, case.language).text


def wetext() -> Normaliser | None:
    """The baseline, or None where it is not installed."""
    try:
        from wetext import Normalizer  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        return None
    by_language = {language: Normalizer(lang=language) for language in ("en", "zh")}

    def say(case: Case) -> str:
        return str(by_language["zh" if case.file.startswith("zh") else "en"].normalize(case.text))

    return say


def table(cases: list[Case], say: Normaliser, *, show_wrong: bool) -> None:
    """Print a line for each file."""
    right: dict[str, list[bool]] = {}
    began_ns = time.perf_counter_ns()
    for case in cases:
        said = say(case)
        is_right = same(said, case.expected)
        right.setdefault(case.file, []).append(is_right)
        if show_wrong and not is_right:
            print(f"  {case.file}:{case.line}: {case.text!r}\n    said {said!r}")
            print(f"    want {case.expected!r}")
    took_ms = (time.perf_counter_ns() - began_ns) / 1e6
    for file, found in right.items():
        print(f"  {file:<16}{sum(found):4} of {len(found)}")
    total = sum(map(sum, right.values()))
    print(f"  {'all':<16}{total:4} of {len(cases)}, {took_ms / len(cases):.3f} ms each")


PLAIN = (
    "Dr. Smith said on March 5th, 2024 that **it** costs $3.50 and runs at 100 km/h. He went on,"
    " as one would, with a line of plain words that needs nothing and is said as it stands."
)


def latency() -> None:
    """Print what a piece of about 200 characters takes, the median of 200 runs."""
    taken_ms = []
    for _ in range(200):
        began_ns = time.perf_counter_ns()
        normalise(PLAIN)
        taken_ms.append((time.perf_counter_ns() - began_ns) / 1e6)
    print(f"  {len(PLAIN)} characters in {statistics.median(taken_ms):.3f} ms")


def main() -> int:
    """Print the report; 1 when a case is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="show what is wrong")
    shown = parser.parse_args().wrong
    cases = read_cases(Path(__file__).parent.parent / "tests" / "tts" / "normal_cases")
    ours(cases[0])
    print("stream-talk")
    table(cases, ours, show_wrong=shown)
    latency()
    baseline = wetext()
    if baseline is None:
        print("wetext: not installed")
    else:
        print("wetext")
        table(cases, baseline, show_wrong=False)
    return 0 if all(same(ours(case), case.expected) for case in cases) else 1


if __name__ == "__main__":
    sys.exit(main())
