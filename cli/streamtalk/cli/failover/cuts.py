"""Voices that fail in mid-word, at random, in three ways: is the answer heard whole all the same?

Real processes: a chain of two voices that spell in tones, the first of which goes wrong as it is
told. What the loudspeaker played is read back; nobody is asked what he believes to have said.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.cli.bench_stack import BenchStack, Tables
from streamtalk.cli.failover.listener import Listener
from streamtalk.cli.failover.reading import Verdict, judge, read
from streamtalk.tts.letters import LETTERS
from streamtalk.tts.spelling import FAULTS

WANTED_GAP_MS: Final = 400.0
_QUIET: Final = 0.1
_LOUD: Final = 0.3
_LOUD_RMS: Final = 32_768 * (_QUIET + _LOUD) / 2 / 2**0.5
_FIRST: Final = "tts_0"
_CLAUSES: Final = 4
_EARLIEST_MS: Final = 100
_LATEST_MS: Final = 2_200
_STALL_MS: Final = 3_000


def reply_text(seed: int) -> str:
    """Four clauses of words without sense, no letter twice in a row."""
    draw, last, clauses = random.Random(seed), "", []  # noqa: S311 — a script, no secret
    for _ in range(_CLAUSES):
        words = []
        for length in (draw.randint(2, 4), draw.randint(2, 5), draw.randint(2, 4)):
            word = ""
            for _ in range(length):
                last = draw.choice([letter for letter in LETTERS if letter != last])
                word += last
            words.append(word)
        clauses.append(" ".join(words))
    return ", ".join(clauses) + ". "


def tables(text: str, order: Path, *, exact: bool, real_time_factor: float) -> Tables:
    """A chain of two voices with irregular letters of their own; the rest is scripted too."""
    common = {"exact": exact, "real_time_factor": real_time_factor}
    first = {"seed": 11, "level": _QUIET, "fault_file": str(order), "stall_ms": _STALL_MS}
    second = {"seed": 23, "level": _LOUD}
    chain = [
        {"engine": "scripted", "settings": {"letters": {**common, **more}}, "first_audio_ms": 400}
        for more in (first, second)
    ]
    return {
        "vad": {"engine": "scripted"},
        "asr": {"engine": "scripted"},
        "turn": {"engine": "scripted"},
        "tts": {"chain": chain, "last_resort": "", "budget_ms": 3 * _STALL_MS},
        "orchestrator": {
            "llm_engine": "scripted",
            "scripted_llm": {"tokens": [text]},
            "breaker": {"open_s": 0.5, "again_s": 0.2, "open_max_s": 2.0},
        },
    }


def measure(
    cuts: int,
    seed: int,
    *,
    exact: bool,
    real_time_factor: float = 0.3,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """So many answers, each cut at a random place in one of three ways, in turn."""
    text, draw, meter = reply_text(seed), random.Random(seed), Meter()  # noqa: S311
    rows = []
    stack = BenchStack({})
    order = stack.run_dir.path / "fault"
    stack.tables = tables(text, order, exact=exact, real_time_factor=real_time_factor)
    with stack, closing(Listener(stack.run_dir)) as listener:
        listener.open()
        whole = _listen(listener, text)
        for number in range(cuts):
            kind, after_ms = FAULTS[number % 3], draw.randint(_EARLIEST_MS, _LATEST_MS)
            listener.wait_well(_FIRST)
            _give_order(order, f"{kind} {after_ms}")
            row = {"kind": kind, "after_ms": after_ms, **asdict(_listen(listener, text))}
            rows.append(row)
            tell(f"{number + 1:4} {kind:8} after {after_ms:4} ms: gap {row['gap_ms']:.0f} ms")
        listener.wait_well(_FIRST)
        healed = _listen(listener, text)
    return {
        "exact": exact,
        "text": text,
        "whole_before": whole.skipped == 0 and whole.voices == (0,),
        "first_voice_after": healed.skipped == 0 and healed.voices == (0,),
        "rows": rows,
        "machine": meter.stop(),
    }


def _listen(listener: Listener, text: str) -> Verdict:
    return judge(text, read(listener.ask(), _LOUD_RMS))


def _give_order(order: Path, text: str) -> None:
    """At once or not at all: the voice may look at any time."""
    fresh = order.with_suffix(".new")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(order)


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """The figures of one run."""
    rows = found["rows"]
    over = [row for row in rows if len(row["voices"]) > 1]
    gaps = [row["gap_ms"] for row in over]
    limit = "within_word" if found["exact"] else "within_clause"
    return {
        "cuts": len(rows),
        "handed_over": len(over),
        "began_with_first": sum(row["voices"][:1] == (0,) for row in rows),
        "garbled": sum(row["garbled"] for row in rows),
        "skipped": sum(row["skipped"] for row in rows),
        "repeated_too_much": sum(not row[limit] for row in rows),
        "repeated_letters_max": max(row["repeated"] for row in rows),
        "gap_p50_ms": percentile(gaps, 0.5) if gaps else 0.0,
        "gap_p95_ms": percentile(gaps, 0.95) if gaps else 0.0,
        "gap_max_ms": max(gaps, default=0.0),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person."""
    kind = "exact marks" if found["exact"] else "estimated marks"
    all_of_it = summary(found)
    yield (
        f"{kind}: {all_of_it['cuts']} cuts, {all_of_it['handed_over']} handed over, "
        f"{all_of_it['skipped']} letters skipped, {all_of_it['garbled']} answers garbled, "
        f"{all_of_it['repeated_too_much']} repeated more than one "
        f"{'word' if found['exact'] else 'clause'} (at most {all_of_it['repeated_letters_max']} "
        "letters)"
    )
    for fault in FAULTS:
        part = summary({**found, "rows": [r for r in found["rows"] if r["kind"] == fault]})
        yield (
            f"  {fault:8} gap p50 {part['gap_p50_ms']:.0f}, p95 {part['gap_p95_ms']:.0f}, "
            f"max {part['gap_max_ms']:.0f} ms"
        )
    yield (
        f"  together gap p50 {all_of_it['gap_p50_ms']:.0f}, p95 {all_of_it['gap_p95_ms']:.0f} ms "
        f"(asked {WANTED_GAP_MS:.0f}); first voice began {all_of_it['began_with_first']} of "
        f"{all_of_it['cuts']}, and after the last cut: {found['first_voice_after']}"
    )
