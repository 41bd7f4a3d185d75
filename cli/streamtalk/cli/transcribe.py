"""`streamtalk transcribe`: the words of recordings, as text, subtitles or JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from streamtalk.cli.options import RunDirOption, find_run_dir
from streamtalk.cli.reach import Reach
from streamtalk.cli.signals import all_as_interrupts
from streamtalk.cli.transcribing import output
from streamtalk.cli.transcribing.document import Document, Part
from streamtalk.cli.transcribing.formats import FORMATS
from streamtalk.cli.transcribing.listening import Listener, Speech
from streamtalk.cli.transcribing.progress import Bar
from streamtalk.client.recording import Recording
from streamtalk.proto.errors import CallError, ConfigError, StreamTalkError
from streamtalk.proto.recognition import Transcribe, Transcript
from streamtalk.vad.config import VadConfig
from streamtalk.vad.engines.silero import SileroEngine

_DEADLINE_S: Final = 180.0
_INTERRUPTED: Final = 130


def transcribe(
    files: Annotated[list[Path], typer.Argument(help="Audio files that libsndfile reads.")],
    language: Annotated[str, typer.Option(help="en, zh, …, or auto.")] = "auto",
    form: Annotated[str, typer.Option("--format", help="txt, srt, vtt or json.")] = "txt",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="A file, or a folder for several recordings.")
    ] = None,
    run_dir: RunDirOption = None,
) -> None:
    """Print the words of recordings of any length, by the stack's speech recognition."""
    form = "json" if as_json else form
    if form not in FORMATS:
        raise ConfigError(f"no format {form!r}: choose one of {', '.join(FORMATS)}")
    places = output.places(files, out, form)
    failed = False
    with all_as_interrupts(), Reach(find_run_dir(run_dir)) as reach, Bar() as bar:
        engine = reach.instance("asr").engine
        for file, place in zip(files, places, strict=True):
            document = Document(str(file), engine, language)
            try:
                _fill(document, reach, bar)
                text = FORMATS[form](document)
                titled = place is None and form == "txt" and len(files) > 1
                output.write(f"{file}:\n{text}" if titled else text, place)
            except KeyboardInterrupt:
                bar.close()
                nothing = f", {place} was not written" if place else ""
                typer.echo(f"streamtalk: stopped at {bar.reached} of {file}{nothing}", err=True)
                raise typer.Exit(_INTERRUPTED) from None
            except StreamTalkError as error:
                if len(files) == 1 or isinstance(error, CallError):
                    raise
                typer.echo(f"streamtalk: {error}", err=True)
                failed = True
    raise typer.Exit(int(failed))


def _fill(document: Document, reach: Reach, bar: Bar) -> None:
    """Transcribe one recording, piece by piece as it is read."""
    with Recording(Path(document.file)) as recording:
        bar.begin(document.file, recording.seconds)
        hear_all(document, recording, _caller(reach, document.language), bar.at)
        if recording.bad_samples:
            typer.echo(
                f"streamtalk: {document.file}: {recording.bad_samples} samples are no numbers "
                "and were taken for silence",
                err=True,
            )


def hear_all(
    document: Document,
    recording: Recording,
    transcript_of: Callable[[Speech], Transcript],
    at: Callable[[int], None],
) -> Listener:
    """Fill a document with what is said in a recording; `at` is told how many samples are done."""
    engine = SileroEngine(VadConfig().engines.silero)
    engine.load(1)
    listener = Listener(engine, VadConfig().segmenter)

    def done(samples: int) -> None:
        """So much of it was read and transcribed."""
        document.samples = samples
        at(samples)

    for piece in listener.speech(recording.blocks(), done):
        found = transcript_of(piece)
        document.parts.append(Part(piece.begin, piece.end, found))
    return listener


def _caller(reach: Reach, language: str) -> Callable[[Speech], Transcript]:
    def call(piece: Speech) -> Transcript:
        """One call to whoever serves `asr` by then."""
        request = Transcribe(language=language, voice=min(1.0, piece.voice))
        pcm = piece.samples.tobytes()
        return reach.call_patiently("asr", request, Transcript, _DEADLINE_S, pcm)

    return call
