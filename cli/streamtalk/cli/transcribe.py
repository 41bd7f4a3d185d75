"""`streamtalk transcribe`: the words of a recording."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.quiet import cut_at_quiet
from streamtalk.cli.reach import Reach
from streamtalk.client.wav import read_microphone
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.recognition import Transcribe, Transcript

_DEADLINE_S: Final = 180.0


def transcribe(
    wav: Annotated[Path, typer.Argument(help="Any audio file that libsndfile reads.")],
    language: Annotated[str, typer.Option(help="en, zh, …, or auto.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="With words and their times.")] = False,
    run_dir: RunDirOption = None,
) -> None:
    """Print the words of a recording, by the stack's speech recognition."""
    samples = read_microphone(wav)
    with Reach(find_run_dir(run_dir)) as reach:
        engine = reach.instance("asr").engine
        found = _transcribe_all(reach, samples, language, str(wav))
    report = {"file": str(wav), "engine": engine, **summary(found, len(samples))}
    typer.echo(json.dumps(report, ensure_ascii=False) if as_json else report["text"])


def _transcribe_all(
    reach: Reach, samples: NDArray[np.int16], language: str, title: str
) -> list[tuple[int, Transcript]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    found = []
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=len(samples))
        for begin, end in cut_at_quiet(samples):
            request = Transcribe(language=language)
            pcm = samples[begin:end].tobytes()
            found.append(
                (begin, reach.call_patiently("asr", request, Transcript, _DEADLINE_S, pcm))
            )
            bar.update(task, completed=end)
    return found


def summary(found: list[tuple[int, Transcript]], samples: int) -> dict[str, Any]:
    """The transcripts of consecutive parts, each with its first sample, as one."""
    said = [part for _, part in found if part.text]
    audio_ms = sum(part.audio_ms for part in said)
    confidence = sum(p.confidence * p.audio_ms for p in said) / audio_ms if audio_ms else 0.0
    return {
        "text": _join([part.text for part in said]),
        "language": said[0].language if said else found[0][1].language,
        "confidence": round(confidence, 3),
        "rejected": sorted({part.rejected for _, part in found if part.rejected}),
        "audio_s": round(samples / MIC_RATE_HZ, 3),
        "compute_s": round(sum(part.compute_ms for _, part in found) / 1000, 3),
        "words": [
            {
                "text": word.text,
                "from_s": round((begin + word.from_sample) / MIC_RATE_HZ, 3),
                "to_s": round((begin + word.to_sample) / MIC_RATE_HZ, 3),
                "confidence": round(word.confidence, 3),
            }
            for begin, part in found
            for word in part.words
        ],
    }


def _join(texts: list[str]) -> str:
    """Chinese needs no space between sentences."""
    joined = ""
    for text in texts:
        spaced = (joined and joined[-1].isascii()) or text[:1].isascii()
        joined += f" {text}" if joined and spaced else text
    return joined
