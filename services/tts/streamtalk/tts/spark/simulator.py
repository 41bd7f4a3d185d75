"""What machines would do that nobody here has: figures from arithmetic, to be called predicted.

A token is bound by bandwidth: every weight is read once. The vocoder and the prompt are bound by
arithmetic. How much of a machine's peak is reached is assumed, and stated.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from streamtalk.tts.spark.chunking import Progress, Reach
from streamtalk.tts.spark.schedule import AHEADS, Mode, derive
from streamtalk.tts.spark.timeline import FRAME_S, Costs, Played, play

Quantisation = Literal["q4", "q8", "bf16"]

BYTES_PER_WEIGHT: Final[dict[Quantisation, float]] = {"q4": 0.5625, "q8": 1.0625, "bf16": 2.0}
"""Groups of 64 weights have a scale and a bias of 16 bits each."""

BODY_WEIGHTS: Final = 357.9e6
HEAD_WEIGHTS: Final = 7.34e6
"""Rows of the head that speech needs; all of it is 148.7 M."""

PROMPT_TOKENS: Final = 100
BANDWIDTH_SHARE: Final = 0.75
ARITHMETIC_SHARE: Final = 0.4
"""Assumed shares of the peak."""

STREAM_FRAMES: Final = 500
"""Ten seconds of speech."""


@dataclass(frozen=True)
class Machine:
    """A processor by its data sheet, and an assumed cost of starting a token."""

    name: str
    bandwidth_gb_s: float
    tflops: float
    overhead_s: float

    def costs(
        self,
        quantisation: Quantisation,
        prenet_macs: int = 29_100_000,
        wave_macs: int = 558_600_000,
    ) -> Costs:
        """What the published model would take; the vocoder's MACs are for each frame."""
        bytes_s = BANDWIDTH_SHARE * self.bandwidth_gb_s * 1e9
        flops = ARITHMETIC_SHARE * self.tflops * 1e12
        weight_bytes = BYTES_PER_WEIGHT[quantisation]
        prompt_s = max(
            2 * BODY_WEIGHTS * PROMPT_TOKENS / flops, BODY_WEIGHTS * weight_bytes / bytes_s
        )
        token_s = (BODY_WEIGHTS + HEAD_WEIGHTS) * weight_bytes / bytes_s + self.overhead_s
        return Costs(token_s, 2 * prenet_macs / flops, 2 * wave_macs / flops, start_s=prompt_s)


MACHINES: Final = (
    Machine("M1", 68, 2.6, 0.002),
    Machine("M2 Pro", 200, 6.8, 0.0015),
    Machine("M4 Max", 546, 18.4, 0.001),
    Machine("H200", 4_800, 989, 0.0003),
)


def predict(machine: Machine, quantisation: Quantisation, mode: Mode, reach: Reach) -> Any:  # noqa: ANN401
    """One row of the table: the schedule, and a stream of ten seconds on it."""
    costs = machine.costs(quantisation)
    schedule = derive(costs, reach, mode, STREAM_FRAMES)
    played: Played = play(costs, Progress(reach), schedule.shape, STREAM_FRAMES)
    return {
        "machine": machine.name,
        "quantisation": quantisation,
        "mode": mode,
        "first_audio_ms": round(played.first_audio_s * 1000, 1),
        "real_time_factor": round((played.made_s - costs.start_s) / (STREAM_FRAMES * FRAME_S), 3),
        "underruns": played.underruns,
        "real_time": schedule.real_time,
        "chunks": [f"{shape.new}/{shape.ahead}" for shape in schedule.shapes],
    }


def predictions(reach: Reach) -> list[dict[str, Any]]:
    """Every machine, quantisation and mode."""
    return [
        predict(machine, quantisation, mode, reach)
        for machine in MACHINES
        for quantisation in BYTES_PER_WEIGHT
        for mode in AHEADS
    ]


def lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """The table for a person."""
    yield (
        f"predicted, nothing here was measured: {BANDWIDTH_SHARE:.0%} of the bandwidth and "
        f"{ARITHMETIC_SHARE:.0%} of the arithmetic are assumed, for a processor with no other work"
    )
    yield (
        f"{'machine':9}{'weights':9}{'mode':10}{'first audio ms':>15}{'RTF':>7}{'waits':>7}"
        "  chunks (frames/look-ahead)"
    )
    for row in rows:
        yield (
            f"{row['machine']:9}{row['quantisation']:9}{row['mode']:10}"
            f"{row['first_audio_ms']:15}{row['real_time_factor']:7}{row['underruns']:7}"
            f"  {' '.join(row['chunks'])}…"
        )
