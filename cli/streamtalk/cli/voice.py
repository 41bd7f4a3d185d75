"""`streamtalk voice …`: the voices that Spark-TTS speaks with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from streamtalk.cli.configuration import merged
from streamtalk.cli.options import ConfigOption, ProfileOption, find_config
from streamtalk.proto.errors import ConfigError, InputError

if TYPE_CHECKING:
    from streamtalk.tts.config import SparkSettings
    from streamtalk.tts.spark.voices import StoredVoice, VoiceFolder

voice = typer.Typer(
    no_args_is_help=True,
    help="Voices of Spark-TTS: files of 32 numbers. Its weights are not for commercial use.",
)

NameArgument = Annotated[str, typer.Argument(help="a-z, 0-9, - and _; a letter or digit first.")]
LanguageOption = Annotated[str, typer.Option(help="en or zh: what it speaks by default.")]
LEVELS: Final = "very_low, low, moderate, high or very_high."
_NO_TEXT: Final = (
    "--text is not supported: it needs the semantic tokens of the recording, which only wav2vec2 "
    "(1.3 GB, not part of this engine) can make. Leave it out: the voice itself needs no text."
)


@voice.command("create")
def create(
    name: NameArgument,
    gender: Annotated[str, typer.Option(help="female or male.")] = "female",
    pitch: Annotated[str, typer.Option(help=LEVELS)] = "moderate",
    speed: Annotated[str, typer.Option(help=LEVELS)] = "moderate",
    seed: Annotated[int, typer.Option(min=0, help="Another number, another voice.")] = 0,
    language: LanguageOption = "en",
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Have the model make up a voice, and keep it."""
    import msgspec

    _need_packages()
    from streamtalk.tts.engines.spark_mlx import load_model
    from streamtalk.tts.spark.enrol import made_up
    from streamtalk.tts.spark.prompt import Style

    fields = {"gender": gender, "pitch": pitch, "speed": speed}
    try:
        style = msgspec.convert(fields, Style)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{error}; see streamtalk voice create --help") from error
    settings, folder = _spark(config, profile)
    folder.check_name(name)
    model = load_model(msgspec.structs.replace(settings, seed=seed))
    _keep(folder, name, made_up(model, style, _language(language)))


@voice.command("clone")
def clone(
    name: NameArgument,
    sample: Annotated[Path, typer.Argument(help="About 6 s of one voice, 1 to 120 s.")],
    text: Annotated[str, typer.Option(help="What it says: not supported.")] = "",
    language: LanguageOption = "en",
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Keep the voice of a recording, with the consent of whose voice it is."""
    if text:
        raise InputError(_NO_TEXT)
    _need_packages()
    from streamtalk.tts.spark.enrol import cloned
    from streamtalk.tts.spark.fetching import model_folder

    settings, folder = _spark(config, profile)
    folder.check_name(name)
    found = cloned(model_folder(settings.model), sample, _language(language))
    _keep(folder, name, found)


@voice.command("list")
def list_voices(config: ConfigOption = None, profile: ProfileOption = None) -> None:
    """Name every voice, its language and where it comes from."""
    _, folder = _spark(config, profile)
    names = folder.names()
    if not names:
        typer.echo("no voices yet: streamtalk voice create NAME, or clone NAME SAMPLE", err=True)
    for name in names:
        found = folder.read(name)
        typer.echo(f"{name:20} {found.language:4} {found.description}")


@voice.command("preview")
def preview(
    name: NameArgument,
    text: Annotated[str, typer.Option(help="What it says; empty: a greeting.")] = "",
    out: Annotated[Path, typer.Option(help="WAV file to write.")] = Path("preview.wav"),
    config: ConfigOption = None,
    profile: ProfileOption = None,
) -> None:
    """Write what a voice sounds like, without a running stack."""
    _need_packages()
    from streamtalk.client.wav import SpeechWriter
    from streamtalk.tts.audible import to_pcm
    from streamtalk.tts.engine import Order, Samples
    from streamtalk.tts.engines.spark_mlx import SparkMlxEngine
    from streamtalk.tts.spark.enrol import TEXTS

    settings, folder = _spark(config, profile)
    found = folder.read(name)
    engine = SparkMlxEngine(settings)
    engine.load()
    writer = SpeechWriter(out)

    def take(audio: Samples) -> bool:
        writer.write(to_pcm(audio, 1.0))
        return True

    try:
        for _ in engine.speak(Order(text or TEXTS[found.language or "en"], voice=name), take):
            pass
    finally:
        writer.close()
    typer.echo(f"{out}")


@voice.command("delete")
def delete(name: NameArgument, config: ConfigOption = None, profile: ProfileOption = None) -> None:
    """Forget a voice."""
    _, folder = _spark(config, profile)
    folder.delete(name)


def _need_packages() -> None:
    from streamtalk.cli import engines

    engines.require(engines.resolve("tts", "spark_mlx"))


def _spark(config: Path | None, profile: str | None) -> "tuple[SparkSettings, VoiceFolder]":
    from streamtalk.runtime.config import decode_table
    from streamtalk.tts.config import TtsConfig
    from streamtalk.tts.spark.voices import VoiceFolder

    table = merged(find_config(config), profile).get("tts", {})
    settings = decode_table("tts", table, TtsConfig).engines.spark_mlx
    return settings, VoiceFolder(settings.voices_path())


def _language(language: str) -> str:
    if language not in {"en", "zh"}:
        raise ConfigError(f"Spark-TTS speaks en and zh, not {language!r}")
    return language


def _keep(folder: "VoiceFolder", name: str, found: "StoredVoice") -> None:
    folder.write(name, found)
    typer.echo(f"{name}: {found.description}; try it: streamtalk voice preview {name}")
