"""What Spark-TTS takes on this machine: the only basis for published figures of it.

Errors against the look-ahead, multiplications, tokens, windows, and whole pieces as a listener
would get them: a piece plays from its first sound on, and a chunk that comes later than the audio
before it lasts is a wait.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.tts.config import SparkSettings

if TYPE_CHECKING:
    from streamtalk.tts.spark.speech import Pace, SparkModel
    from streamtalk.tts.spark.voices import StoredVoice

AHEADS: Final = (0, 2, 4, 6, 8, 10, 16, 24, 34, 48, 67)
NEWS: Final = (8, 16, 28, 48)
TEXT: Final = "Good morning. It is going to be a fine day, with a little wind in the afternoon."
_FRAMES: Final = 60
_RATE_HZ: Final = 16_000


def measure(
    settings: SparkSettings, rounds: int, *, random_weights: bool, short: bool = False
) -> dict[str, Any]:
    """Every figure of one checkpoint; a short one has fewer rows of each table."""
    from streamtalk.tts.engines.spark_mlx import load_model
    from streamtalk.tts.spark.prompt import Style
    from streamtalk.tts.spark.speech import Pace
    from streamtalk.tts.spark.voices import StoredVoice

    meter, began_s = Meter(), time.perf_counter()
    model = load_model(settings)
    loaded_s = time.perf_counter() - began_s
    voice = StoredVoice(global_tokens=tuple(model.create_voice(TEXT, Style())))
    pace = Pace(model, settings.mode)
    pace.measure(model, voice, TEXT)
    tokens = list(model.codes(TEXT, voice))[:_FRAMES]
    return {
        "weights": "random" if random_weights else settings.model,
        "precision": settings.precision,
        "mode": settings.mode,
        "load_s": round(loaded_s, 2),
        "errors": _errors(model, voice, tokens, AHEADS[::5] if short else AHEADS),
        "windows": _windows(model, voice, NEWS[::2] if short else NEWS),
        "costs_ms": _costs(pace),
        "schedule": [f"{s.new}/{s.ahead}" for s in pace.schedule(TEXT).shapes],
        "real_time": pace.schedule(TEXT).real_time,
        **_pieces(model, voice, pace, rounds),
        "machine": meter.stop(),
    }


def _errors(
    model: "SparkModel", voice: "StoredVoice", tokens: Sequence[int], aheads: Sequence[int]
) -> list[dict[str, Any]]:
    """Signal to error in dB for each look-ahead, chunks of 12, against decoding all at once."""
    from streamtalk.tts.spark.chunking import Shape
    from streamtalk.tts.spark.windows import WindowStream

    decoder = model.decoder
    vector = decoder.condition(voice.global_tokens)
    exact = np.array(decoder.decode(tokens, vector), dtype=np.float64)
    rows = []
    for ahead in aheads:
        row: dict[str, Any] = {"ahead": ahead}
        for name, stream in (
            ("windows_db", WindowStream(decoder, vector)),
            ("caches_db", model.stream(voice)),
        ):
            audio = []
            while not stream.finished:
                wanted = stream.wanted_tokens(Shape(12, ahead))
                stream.tokens += tokens[len(stream.tokens) : wanted]
                stream.ended = wanted > len(tokens)
                audio.append(stream.chunk(Shape(12, ahead)))
            noise = float(np.sum((np.concatenate(audio) - exact) ** 2)) + 1e-20
            row[name] = round(float(10 * np.log10(np.sum(exact**2) / noise)), 1)
        rows.append(row)
    return rows


def _windows(
    model: "SparkModel", voice: "StoredVoice", news: Sequence[int]
) -> list[dict[str, Any]]:
    """Cost against latency: of a steady chunk, and how long its tokens last."""
    from streamtalk.tts.spark.chunking import STEADY_AHEAD, Shape
    from streamtalk.tts.spark.geometry import macs_per_frame
    from streamtalk.tts.spark.windows import WindowStream

    decoder, rows = model.decoder, []
    each = macs_per_frame(decoder.config)
    vector = decoder.condition(voice.global_tokens)
    for new in news:
        row: dict[str, Any] = {"new": new, "ahead": STEADY_AHEAD}
        for name, stream in (
            ("windows", WindowStream(decoder, vector)),
            ("caches", model.stream(voice)),
        ):
            for _ in range(-(-80 // new) + 1):
                shape = Shape(new, STEADY_AHEAD)
                stream.tokens += [0] * (stream.wanted_tokens(shape) - len(stream.tokens))
                before, began_s = stream.macs, time.perf_counter()
                stream.chunk(shape)
                spent_s = time.perf_counter() - began_s
            row[f"{name}_mflop"] = round(2 * (stream.macs - before) / 1e6, 1)
            row[f"{name}_overhead"] = round((stream.macs - before) / (new * each) - 1, 3)
            row[f"{name}_ms"] = round(spent_s * 1000, 1)
        rows.append(row)
    return rows


def _costs(pace: "Pace") -> dict[str, float]:
    costs = pace.costs
    return {
        "prompt": round(costs.start_s * 1000, 2),
        "token": round(costs.token_s * 1000, 3),
        "window": round(costs.window_s * 1000, 3),
        "window_frame": round((costs.prenet_frame_s + costs.wave_frame_s) * 1000, 4),
    }


def _pieces(model: "SparkModel", voice: "StoredVoice", pace: "Pace", rounds: int) -> dict[str, Any]:
    firsts_ms, factors, waits = [], [], 0
    for _ in range(rounds):
        first_s, made_s, length_s, late = _piece(model, voice, pace)
        firsts_ms.append(first_s * 1000)
        factors.append(made_s / length_s)
        waits += late
    return {
        "rounds": rounds,
        "first_audio_p50_ms": round(percentile(firsts_ms, 0.5), 1),
        "first_audio_p95_ms": round(percentile(firsts_ms, 0.95), 1),
        "real_time_factor": round(percentile(factors, 0.5), 3),
        "waits": waits,
    }


def _piece(
    model: "SparkModel", voice: "StoredVoice", pace: "Pace"
) -> tuple[float, float, float, int]:
    """Seconds to the first sound, to the last, of audio, and how often playback stood still."""
    from streamtalk.tts.spark.speech import SparkPiece

    began_s = time.perf_counter()
    piece = SparkPiece(model, TEXT, voice, pace.schedule(TEXT))
    first_s, due_s, length_s, waits = 0.0, float("inf"), 0.0, 0
    while not piece.finished:
        audio = piece.chunk(lambda: True)
        at_s = time.perf_counter() - began_s
        if audio is None or not audio.size:
            continue
        if not length_s:
            first_s = due_s = at_s
        elif at_s > due_s:
            waits, due_s = waits + 1, at_s
        length_s += audio.size / _RATE_HZ
        due_s += audio.size / _RATE_HZ
    return first_s, time.perf_counter() - began_s, max(length_s, 1 / _RATE_HZ), waits


def tiny(folder: Path) -> SparkSettings:
    """A checkpoint of random weights and small widths, which runs on any machine."""
    from streamtalk.tts.spark.tiny_checkpoint import make_checkpoint

    model = make_checkpoint(folder / "tiny")
    return SparkSettings(model=str(model), precision="fp32", tokens_per_char=1.0)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person."""
    label = "random weights: nothing here is a figure of Spark-TTS"
    yield label if found["weights"] == "random" else f"weights of {found['weights']}"
    yield f"{found['precision']}, mode {found['mode']}, loaded in {found['load_s']} s"
    yield "signal to error against decoding at once, dB"
    yield f"{'look-ahead frames':22}" + "".join(f"{row['ahead']:>7}" for row in found["errors"])
    for kind in ("windows", "caches"):
        cells = (f"{row[f'{kind}_db']:>7}" for row in found["errors"])
        yield f"{kind:22}" + "".join(cells)
    yield "steady chunks: cost against latency"
    yield f"{'frames/look-ahead':20}" + "".join(
        f"{kind + ' ' + unit:>20}"
        for kind in ("windows", "caches")
        for unit in ("MFLOP", "overhead", "ms")
    )
    for row in found["windows"]:
        shape = f"{row['new']}/{row['ahead']}"
        cells = (
            f"{row[f'{kind}_{unit}']:>20}"
            for kind in ("windows", "caches")
            for unit in ("mflop", "overhead", "ms")
        )
        yield f"{shape:20}" + "".join(cells)
    yield "costs, ms: " + ", ".join(f"{name} {ms}" for name, ms in found["costs_ms"].items())
    can = (
        "" if found["real_time"] else "; slower than real time: the first chunk waits for the rest"
    )
    yield f"chunks: {' '.join(found['schedule'])}…{can}"
    yield (
        f"{found['rounds']} pieces: first audio p50 {found['first_audio_p50_ms']} ms, p95 "
        f"{found['first_audio_p95_ms']} ms, RTF {found['real_time_factor']}, {found['waits']} waits"
    )
