"""Recordings with a transcript through a real recogniser process: errors, latencies, rejections.

The road is the product's: voice activity, `Hearing`, a microphone ring, calls to the process. A
turn is committed after 600 ms of silence, as without a turn model.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from streamtalk.cli import engines, overlay
from streamtalk.cli.bench_asr.accuracy import Scored, score, table
from streamtalk.cli.bench_asr.instance import Instance
from streamtalk.cli.bench_asr.recognisers import ProcessRecogniser
from streamtalk.cli.bench_asr.recordings import Ears, Row, Samples
from streamtalk.cli.bench_asr.road import Account, Road, Turn
from streamtalk.cli.bench_machine import percentile
from streamtalk.cli.transcribing.cues import join
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.errors import EngineError, LanguageError
from streamtalk.runtime.config import Table

_NS: Final = 1_000_000_000
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Take:
    """One recording, and what was made of it."""

    row: Row
    turns: list[Turn]
    account: Account
    seconds: float

    @property
    def text(self) -> str:
        """All turns, as one text."""
        return join(turn.text.strip() for turn in self.turns)


def asr_table(engine: str, settings: Sequence[str]) -> Table:
    """The `[asr]` table of one engine; raises ConfigError, EngineMissingError."""
    choice = engines.resolve("asr", engine)
    engines.require(choice)
    found = overlay.changed({}, choice.engine, settings)
    overlay.validated("asr", found, None, None)
    return found


def measure(
    folder: Path, rows: Sequence[Row], asr: Table, tell: Tell, *, paced: bool
) -> dict[str, Any]:
    """One engine over all rows, by a process of its own."""
    ears = Ears()
    takes: list[Take] = []
    refused: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    with Instance(asr) as instance:
        for number, row in enumerate(rows):
            tell(f"{number + 1}/{len(rows)} {row.file}")
            samples = read_microphone(folder / row.file)
            heard = ears.probabilities(samples)
            try:
                takes.append(_take(row, samples, heard, instance, paced=paced))
            except LanguageError:
                refused[row.language or "auto"] += 1
            except EngineError as error:
                failed[error.code] += 1
    return {
        "engine": asr["engine"],
        **summary(takes),
        "refused_languages": dict(refused),
        "failed": dict(failed),
    }


def _take(
    row: Row, samples: Samples, probabilities: list[float], instance: Instance, *, paced: bool
) -> Take:
    ring = instance.ring(Path(row.file).stem)
    language = row.language or "auto"
    with ProcessRecogniser(instance.context, instance.endpoint, ring, language) as recogniser:
        road = Road(recogniser)
        arrive = recogniser.microphone(samples.tobytes(), paced=paced)
        turns = road.run(probabilities, arrive)
    return Take(row, turns, road.account, len(samples) / MIC_RATE_HZ)


def summary(takes: Sequence[Take]) -> dict[str, Any]:
    """The figures of one engine. Pure."""
    turns = [turn for take in takes for turn in take.turns]
    firsts = [ms for turn in turns for ms in first_partial_ms(turn)]
    finals = [turn.final_ms for turn in turns if turn.final_ms is not None]
    audio_s = sum(take.seconds for take in takes)
    spent_ns = sum(take.account.compute_ns for take in takes)
    return {
        "accuracy": table(_scored(takes)),
        "recordings": len(takes),
        "turns": sum(not turn.dropped for turn in turns),
        "audio_s": round(audio_s, 1),
        "real_time_factor": round(spent_ns / _NS / audio_s, 3) if audio_s else None,
        "partials": sum(take.account.partials for take in takes),
        "partials_skipped": sum(take.account.skipped for take in takes),
        "first_partial_ms": spread(firsts),
        "final_ms": spread(finals),
        "rejected": dict(Counter(filter(None, (t.dropped or t.rejected for t in turns)))),
        "heard": [
            {"file": t.row.file, "reference": t.row.transcript, "heard": t.text} for t in takes
        ],
    }


def _scored(takes: Sequence[Take]) -> list[Scored]:
    return [
        score(take.row.language or "en", take.row.transcript, take.text)
        for take in takes
        if take.row.transcript
    ]


def first_partial_ms(turn: Turn) -> list[float]:
    """From the moment at which voice activity noticed a turn to the first text of it."""
    times = [shown.at_ns for shown in turn.shown if shown.text.strip()]
    return [(times[0] - turn.began_ns) / 1e6] if times else []


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Median, 95th percentile and maximum; None of nothing."""
    if not values:
        return None
    ordered = list(values)
    return {
        "p50": round(percentile(ordered, 0.5), 1),
        "p95": round(percentile(ordered, 0.95), 1),
        "max": round(max(ordered), 1),
    }


def show(found: dict[str, float] | None) -> str:
    """A spread in a table."""
    return " / ".join(str(value) for value in found.values()) if found else "–"


def lines(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The result for a person."""
    for engine in found:
        yield (
            f"{engine['engine']}: {engine['recordings']} recordings, {engine['audio_s']} s, "
            f"{engine['turns']} turns; real-time factor {engine['real_time_factor']}"
        )
        for row in engine["accuracy"]:
            low, high = row["interval_95"]
            yield (
                f"  {row['language']:6} {row['unit']} error rate {row['error_rate']:.3f} "
                f"({low:.3f} to {high:.3f}), {row['errors']} of {row['units']}, "
                f"{row['recordings']} recordings"
            )
        yield (
            f"  ms p50 / p95 / max: first partial {show(engine['first_partial_ms'])}, final after "
            f"the pause {show(engine['final_ms'])}; {engine['partials']} partials, "
            f"{engine['partials_skipped']} skipped"
        )
        for key in ("rejected", "refused_languages", "failed"):
            if engine[key]:
                yield f"  {key.replace('_', ' ')}: {engine[key]}"
