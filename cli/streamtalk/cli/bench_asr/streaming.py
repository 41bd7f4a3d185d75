"""What streaming gains: a scripted decoder of exact cost on the product's road, in virtual time.

First partial: from the moment at which the first word begins (as aligned, or as the voice states
it) to the first partial transcript with any text. Final: from the moment at which voice activity
knows the pause, 128 ms after the last speech, to the final transcript.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from streamtalk.asr.streaming.scripted import Cost
from streamtalk.cli.bench_asr.instance import Instance
from streamtalk.cli.bench_asr.measuring import show, spread
from streamtalk.cli.bench_asr.recognisers import ProcessRecogniser, VirtualRecogniser
from streamtalk.cli.bench_asr.recordings import Ears, rows
from streamtalk.cli.bench_asr.road import Road, Turn
from streamtalk.cli.bench_asr.scripts import Aligner, Script, monologue, spoken
from streamtalk.client.wav import read_microphone
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import InputError

MONOLOGUE_S: Final = 600.0
_PARTIAL_SAMPLES: Final = MIC_RATE_HZ // 5
_FIRST_MS: Final = 500.0
_FINAL_MS: Final = 150.0
_MS: Final = 1_000_000
_LONG_SAMPLES: Final = 8 * MIC_RATE_HZ


def aligned(folder: Path) -> list[Script]:
    """English recordings with a transcript whose words can be aligned; none without a manifest."""
    try:
        wanted = [r for r in rows(folder) if r.kind == "speech" and r.language == "en"]
    except InputError:
        return []
    aligner = Aligner()
    read = ((row, read_microphone(folder / row.file)) for row in wanted if row.transcript)
    found = (aligner.align(row.file, samples, row.transcript or "") for row, samples in read)
    return [script for script in found if script is not None]


def measure(folder: Path, cost: Cost, tell: Callable[[str], None]) -> dict[str, Any]:
    """The table: each kind of speech, streamed and decoded whole at the pause."""
    ears = Ears()
    people = aligned(folder)
    if not people:
        tell(f"no recordings at {folder}: synthetic speech only")
    voices = spoken()
    table = [
        _row(kind, scripts, ears, cost, streamed=streamed)
        for kind, scripts in (("human, aligned", people), ("eSpeak, exact", voices))
        for streamed in (True, False)
        if scripts
    ]
    return {
        "encode_ms": cost.encode_ms,
        "real_time_factor": cost.real_time_factor,
        "rows": table,
        "monologue": talk_for(people or voices, MONOLOGUE_S, cost),
    }


def _row(
    kind: str, scripts: Sequence[Script], ears: Ears, cost: Cost, *, streamed: bool
) -> dict[str, Any]:
    firsts: list[float] = []
    rights: list[float] = []
    finals: list[float] = []
    spent_ns, audio, longest = 0, 0, 0
    for script in scripts:
        recogniser = VirtualRecogniser(script.words, cost, streamed=streamed)
        config = HearingConfig() if streamed else HearingConfig(partial_every_ms=0)
        road = Road(recogniser, config)
        for turn in road.run(ears.probabilities(script.samples)):
            firsts += first_partial_ms(turn, script, right=False)
            rights += first_partial_ms(turn, script, right=True)
            finals += [turn.final_ms] if turn.final_ms is not None else []
        spent_ns += road.account.compute_ns
        audio += len(script.samples)
        longest = max(longest, recogniser.longest)
    return {
        "speech": kind,
        "mode": "streamed" if streamed else "whole segment at the pause",
        "recordings": len(scripts),
        "turns": len(finals),
        "first_partial_ms": spread(firsts),
        "first_partial_within_500_ms": sum(ms <= _FIRST_MS for ms in firsts),
        "first_right_word_ms": spread(rights),
        "final_ms": spread(finals),
        "final_within_150_ms": sum(ms <= _FINAL_MS for ms in finals),
        "real_time_factor": round(spent_ns / 1e9 / (audio / MIC_RATE_HZ), 3),
        "longest_window_s": round(longest / MIC_RATE_HZ, 2),
    }


def in_a_process(folder: Path, cost: Cost, tell: Callable[[str], None]) -> dict[str, Any]:
    """One recording in real time through a real process, its ring and its socket."""
    people = [s for s in aligned(folder) if len(s.samples) > _LONG_SAMPLES]
    script = (people or spoken())[-1]
    tell(f"{script.name} in real time through a process")
    words = [
        {"text": w.text.strip(), "from_s": _seconds(w.from_sample), "to_s": _seconds(w.to_sample)}
        for w in script.words
    ]
    scripted = {
        "script": words,
        "encode_ms": cost.encode_ms,
        "real_time_factor": cost.real_time_factor,
    }
    asr = {"engine": "scripted", "engines": {"scripted": scripted}}
    with (
        Instance(asr) as instance,
        ProcessRecogniser(
            instance.context, instance.endpoint, instance.ring("bench"), "en"
        ) as recogniser,
    ):
        road = Road(recogniser)
        probabilities = Ears().probabilities(script.samples)
        arrive = recogniser.microphone(script.samples.tobytes(), paced=True)
        turns = road.run(probabilities, arrive)
    firsts = [ms for turn in turns for ms in first_partial_ms(turn, script, right=False)]
    return {
        "recording": script.name,
        "times": script.times,
        "text": " ".join(turn.text for turn in turns),
        "script": " ".join(word.text.strip() for word in script.words),
        "partials": road.account.partials,
        "partials_skipped": road.account.skipped,
        "first_partial_ms": spread(firsts),
        "final_ms": spread([turn.final_ms for turn in turns if turn.final_ms is not None]),
    }


def _seconds(samples: int) -> float:
    return round(samples / MIC_RATE_HZ, 4)


def first_partial_ms(turn: Turn, script: Script, *, right: bool) -> list[float]:
    """From the first word of a turn to the first text of it, or to the first that has it right."""
    words = [w for w in script.words if turn.start <= w.from_sample < turn.end]
    for shown in turn.shown:
        first = shown.text.split()[:1]
        if words and first and (not right or first[0] == words[0].text.strip()):
            return [shown.at_ns / _MS - words[0].from_sample * 1000 / MIC_RATE_HZ]
    return []


def talk_for(scripts: list[Script], seconds: float, cost: Cost) -> dict[str, Any]:
    """A partial every 200 ms of a talk without an end: the window and the work of each."""
    words = monologue(scripts, seconds)
    recogniser = VirtualRecogniser(words, cost, streamed=True)
    end = int(seconds * MIC_RATE_HZ)
    for at in range(_PARTIAL_SAMPLES, end, _PARTIAL_SAMPLES):
        found, _ = recogniser.hear(0, at, final=False)
    spent = recogniser.bookkeeping_ms
    half = len(spent) // 2
    return {
        "seconds": seconds,
        "partials": len(spent),
        "words": len(found.words),
        "longest_window_s": round(recogniser.longest / MIC_RATE_HZ, 2),
        "bookkeeping_ms": spread(spent),
        "bookkeeping_first_half_ms": spread(spent[:half]),
        "bookkeeping_second_half_ms": spread(spent[half:]),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The tables for a person."""
    yield (
        f"scripted decoder: {found['encode_ms']:.0f} ms and {found['real_time_factor']} of the "
        "window for each decoding, virtual time; ms as p50 / p95 / max"
    )
    heads = ("first partial", "first right word", "final after the pause")
    shares = "<=500 ms  <=150 ms  window"
    yield f"{'speech':16}{'mode':28}turns  " + "  ".join(f"{h:>23}" for h in heads) + f"  {shares}"
    for row in found["rows"]:
        cells = [row[k] for k in ("first_partial_ms", "first_right_word_ms", "final_ms")]
        yield (
            f"{row['speech']:16}{row['mode']:28}{row['turns']:5}  "
            + "  ".join(f"{show(cell):>23}" for cell in cells)
            + f"  {row['first_partial_within_500_ms']:8}  {row['final_within_150_ms']:8}"
            + f"  {row['longest_window_s']:4.1f} s"
        )
    talk = found["monologue"]
    yield (
        f"talk of {talk['seconds']:.0f} s without a pause: {talk['partials']} partials, longest "
        f"window {talk['longest_window_s']} s; bookkeeping ms {show(talk['bookkeeping_ms'])} "
        f"(second half {show(talk['bookkeeping_second_half_ms'])})"
    )
    if process := found.get("process"):
        yield (
            f"{process['recording']} ({process['times']}) in real time through a process: "
            f"first partial {show(process['first_partial_ms'])}, final "
            f"{show(process['final_ms'])}; {process['partials']} partials"
        )
