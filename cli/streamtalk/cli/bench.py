"""`streamtalk bench …`: what it costs and how quick it is, with the machine's load beside it."""

import json
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from streamtalk.cli.options import ConfigOption, ProfileOption, find_config

bench = typer.Typer(
    no_args_is_help=True,
    help="Measure this machine; every command prints what else the machine was doing.",
)

JsonOption = Annotated[
    Optional[Path],  # noqa: UP045 — typer reads this form
    typer.Option("--json", help="Write the result for programs."),
]
ShortOption = Annotated[bool, typer.Option("--short", help="Few repeats, for a quick look.")]


def _write(found: object, path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _show(lines: Any, machine: dict[str, Any]) -> None:  # noqa: ANN401 — any iterable of lines
    from streamtalk.cli.bench_machine import load_line

    for line in lines:
        typer.echo(line)
    typer.echo(load_line(machine))


@bench.command("bus")
def bus(
    rounds: Annotated[int, typer.Option(help="Samples of each case.", min=1)] = 2_000,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """Frames through the bus and calls to it, beside bare pyzmq."""
    from streamtalk.cli import bench_bus

    found = bench_bus.measure(100 if short else rounds)
    _show(bench_bus.lines(found), found["machine"])
    _write(found, json_file)


@bench.command("pipeline")
def pipeline(
    sessions: Annotated[str, typer.Option(help="Numbers of sessions, with commas.")] = "1,4,8",
    kinds: Annotated[str, typer.Option(help="Of gil, nogil, duplex.")] = "gil,nogil,duplex",
    turns: Annotated[int, typer.Option(help="Turns of each session.", min=1)] = 2,
    repeats: Annotated[int, typer.Option(help="Runs of each row, interleaved.", min=1)] = 1,
    shares: Annotated[
        bool, typer.Option("--shares", help="Duplex alone, without and with background_nice.")
    ] = False,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """The whole road with scripted engines: what our own part adds to their cost."""
    from streamtalk.cli import bench_pipeline
    from streamtalk.proto.errors import ConfigError

    wanted = ["gil"] if short else kinds.split(",")
    if shares:
        wanted = ["duplex"]
    if unknown := set(wanted) - set(bench_pipeline.KINDS):
        known = ", ".join(bench_pipeline.KINDS)
        raise ConfigError(f"no kind {', '.join(sorted(unknown))}: choose of {known}")
    numbers = [1] if short else [_number(text) for text in sessions.split(",")]
    rows = []
    for _ in range(1 if short else repeats):
        for kind in wanted:
            for number in numbers:
                for background_nice in bench_pipeline.SHARES if shares else (None,):
                    row = bench_pipeline.run(kind, number, 1 if short else turns, background_nice)
                    rows.append(row)
                    typer.echo(list(bench_pipeline.lines([row]))[1], err=True)
    _show(bench_pipeline.lines(rows), rows[-1]["machine"])
    _write({"rows": rows}, json_file)


@bench.command("vad")
def vad(
    sessions: Annotated[int, typer.Option(help="Microphones in real time.", min=1)] = 64,
    seconds: Annotated[float, typer.Option(help="How long.", min=1.0)] = 10.0,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """A real vad process with many sessions: cores of the process, and of the model alone."""
    from streamtalk.cli.bench_machine import Meter
    from streamtalk.vad.bench import measure

    meter = Meter()
    found = measure(4, 2.0) if short else measure(sessions, seconds)
    found["machine"] = meter.stop()
    line = (
        f"{found['sessions']} sessions: {found['cores']} cores, the model alone "
        f"{found['inference_cores']}, {found['frames_lost']} frames lost, {found['rss_mb']} MB"
    )
    _show([line], found["machine"])
    _write(found, json_file)


@bench.command("talk")
def talk(
    count: Annotated[int, typer.Option(help="Synthesised commands.", min=1)] = 20,
    recordings: Annotated[Path, typer.Option(help="Folder with manifest.jsonl.")] = Path(
        "../shared/audio"
    ),
    human: Annotated[int, typer.Option(help="Human recordings, at most.", min=0)] = 20,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """Spoken commands through the real embedded engines, and human recordings apart."""
    from streamtalk.cli import bench_talk

    spoken, heard = (2, 0) if short else (count, human)
    found = bench_talk.measure(spoken, recordings, heard)
    _show(bench_talk.lines(found), found["machine"])
    _write(found, json_file)


@bench.command("hangs")
def hangs(
    rounds: Annotated[int, typer.Option(help="Times that each hang is made.", min=1)] = 3,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """Processes that hang in five ways: how soon each is ended, and the next one serves."""
    from streamtalk.cli import bench_hangs

    found = bench_hangs.measure(1 if short else rounds)
    _show(bench_hangs.lines(found), found["machine"])
    _write(found, json_file)


@bench.command("spark")
def spark(
    predict: Annotated[
        bool, typer.Option("--predict", help="Arithmetic for machines that are not here.")
    ] = False,
    model: Annotated[
        str, typer.Option(help="Folder or hub id of a checkpoint; empty: the published one.")
    ] = "",
    tiny: Annotated[bool, typer.Option("--tiny", help="Small random weights instead.")] = False,
    precision: Annotated[str, typer.Option(help="q8, q4, bf16 or fp32.")] = "q8",
    mode: Annotated[str, typer.Option(help="fast, balanced or quality.")] = "fast",
    rounds: Annotated[int, typer.Option(help="Pieces that are spoken.", min=1)] = 20,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """Spark-TTS: first audio, real-time factor, waits, and errors against the look-ahead."""
    if predict:
        from streamtalk.tts.spark import simulator
        from streamtalk.tts.spark.chunking import PUBLISHED

        rows = simulator.predictions(PUBLISHED)
        for line in simulator.lines(rows):
            typer.echo(line)
        _write({"predicted": rows}, json_file)
        return
    found = _measure_spark(model, precision, mode, 2 if short else rounds, tiny=tiny, short=short)
    from streamtalk.cli import bench_spark

    _show(bench_spark.lines(found), found["machine"])
    _write(found, json_file)


def _measure_spark(
    model: str, precision: str, mode: str, rounds: int, *, tiny: bool, short: bool
) -> dict[str, Any]:
    import tempfile

    import msgspec

    from streamtalk.cli import bench_spark, engines
    from streamtalk.proto.errors import ConfigError
    from streamtalk.tts.config import SparkSettings
    from streamtalk.tts.spark.published import PUBLISHED

    if tiny and model:
        raise ConfigError("--tiny makes its own checkpoint: leave --model out, or --tiny")
    engines.require(engines.resolve("tts", "spark_mlx"))
    with tempfile.TemporaryDirectory() as folder:
        own = bench_spark.tiny(Path(folder)) if tiny else None
        chosen = {"model": model or PUBLISHED, "precision": precision} if own is None else {}
        fields = msgspec.structs.asdict(own or SparkSettings()) | chosen | {"mode": mode}
        try:
            settings = msgspec.convert(fields, SparkSettings)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{error}; see streamtalk bench spark --help") from error
        return bench_spark.measure(settings, rounds, random_weights=tiny, short=short)


@bench.command("tts")
def tts(
    engines: Annotated[str, typer.Option(help="Engines of tts, with commas.")] = "espeak",
    rounds: Annotated[int, typer.Option(help="Pieces of each row, and cancels.", min=1)] = 50,
    starts: Annotated[int, typer.Option(help="Starts of the stack: cold pieces.", min=1)] = 3,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """The voice: first frame cold, warm and cached, in two languages, a cancel, and its cost."""
    from streamtalk.cli import bench_tts
    from streamtalk.cli.configuration import merged
    from streamtalk.proto.errors import ConfigError
    from streamtalk.tts.engine import ENGINES

    wanted = engines.split(",")
    if unknown := [name for name in wanted if name not in ENGINES]:
        raise ConfigError(f"no engine {', '.join(unknown)}: choose of {', '.join(ENGINES)}")
    table = merged(find_config(config), profile).get("tts", {})
    counts = (3, 1) if short else (rounds, starts)
    found = bench_tts.measure(wanted, table, *counts, _tell)
    _show(bench_tts.lines(found), found["machine"])
    _write(found, json_file)


@bench.command("failover")
def failover(
    cuts: Annotated[
        int, typer.Option(help="Answers whose voice fails, by kind of marks.", min=3)
    ] = 102,
    seed: Annotated[int, typer.Option(help="Of the text and the places.")] = 1,
    marks: Annotated[str, typer.Option(help="exact, estimated, or both.")] = "both",
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """Voices that fail, stall or fall mute in mid-word: what was heard all the same."""
    from streamtalk.cli.failover import cuts as failing
    from streamtalk.proto.errors import ConfigError

    kinds = {"exact": [True], "estimated": [False], "both": [True, False]}
    if marks not in kinds:
        raise ConfigError(f"no marks {marks!r}: choose one of {', '.join(kinds)}")
    count = 3 if short else cuts
    found = []
    for exact in kinds[marks]:
        row = failing.measure(
            count, seed, exact=exact, tell=lambda text: typer.echo(text, err=True)
        )
        found.append({**row, "summary": failing.summary(row)})
        _show(failing.lines(row), row["machine"])
    _write({"runs": found}, json_file)


@bench.command("asr")
def asr(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with manifest.jsonl, or such a file.")
    ] = Path("../shared/audio"),
    engine: Annotated[str, typer.Option(help="Engines, with commas.")] = "auto",
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045 — typer reads this form
        typer.Option("--set", metavar="KEY=VALUE", help="Of [asr]; may be repeated."),
    ] = None,
    language: Annotated[str, typer.Option(help="Recordings of this language only.")] = "",
    limit: Annotated[int, typer.Option(help="Recordings, at most.", min=1)] = 1_000,
    fast: Annotated[bool, typer.Option("--fast", help="Do not wait for real time.")] = False,
    scripted: Annotated[
        bool, typer.Option("--scripted", help="What streaming gains, with a scripted decoder.")
    ] = False,
    trust: Annotated[
        bool, typer.Option("--trust", help="What is believed that nobody said, and the reverse.")
    ] = False,
    partials: Annotated[
        bool, typer.Option("--partials", help="Playback with partials off, and on.")
    ] = False,
    encode_ms: Annotated[
        float, typer.Option(help="Fixed cost of a scripted decoding.", min=0.0)
    ] = 60.0,
    short: ShortOption = False,
    json_file: JsonOption = None,
) -> None:
    """Speech recognition against a manifest: error rates, latencies, what was rejected."""
    from streamtalk.cli.bench_asr import command

    if scripted:
        found = command.streaming(folder, encode_ms, _tell, short=short)
    elif trust:
        found = command.trust(folder, _tell)
    elif partials:
        found = command.partials(1 if short else 3, _tell)
    else:
        choice = command.Choice(engine.split(","), settings or [], language, limit, paced=not fast)
        found = command.accuracy(folder, choice, _tell, short=short)
    _show(found.pop("lines"), found["machine"])
    _write(found, json_file)


def _tell(text: str) -> None:
    typer.echo(text, err=True)


def _number(text: str) -> int:
    from streamtalk.proto.errors import ConfigError

    if not text.strip().isdigit() or int(text) < 1:
        raise ConfigError(f"{text!r} is no number of sessions")
    return int(text)
