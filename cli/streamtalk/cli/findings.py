"""What `streamtalk doctor` finds out: one function for each check."""

import asyncio
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from streamtalk.cli import engines
from streamtalk.cli.configuration import check
from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import StreamTalkError
from streamtalk.runtime.installing import how_to_install

Verdict = Literal["ok", "note", "bad"]
"""`bad`: no conversation is possible; `note`: one is, but something could be better."""

_MIN_FREE_MB: Final = 200


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    topic: str
    subject: str
    verdict: Verdict
    detail: str
    advice: str = ""
    """What to do, as a command where there is one."""


def examine(run_dir: RunDir, config: Path | None, profile: str | None) -> Iterator[Finding]:
    """Everything, in the order of the report; slow checks come last."""
    yield _python()
    yield from _packages()
    yield from _run_directory(run_dir)
    try:
        settings = check(config, profile)
    except StreamTalkError as error:
        advice = "correct that key, then `streamtalk config check`"
        yield Finding("configuration", str(config or "environment"), "bad", str(error), advice)
        return
    source = str(config or "defaults, no file")
    yield Finding("configuration", source, "ok", "no mistake")
    for stage in engines.STAGES:
        yield from _stage(stage, settings[stage])
    yield _language_model(settings["orchestrator"])
    yield from _sound(settings["audio_io"])


def _python() -> Finding:
    version = platform.python_version()
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    if (3, 11) <= sys.version_info < (3, 14):
        return Finding("system", f"Python {version}", "ok", system)
    advice = "use Python 3.11, 3.12 or 3.13"
    return Finding("system", f"Python {version}", "bad", system, advice)


def _packages() -> Iterator[Finding]:
    try:
        required = importlib.metadata.requires("streamtalk") or []
        own = importlib.metadata.version("streamtalk")
    except importlib.metadata.PackageNotFoundError:
        advice = how_to_install()
        yield Finding("system", "streamtalk", "note", "runs without being installed", advice)
        return
    missing = [name for name in map(_name, required) if name and not _installed(name)]
    if missing:
        advice = how_to_install()
        yield Finding("system", "packages", "bad", f"missing: {', '.join(missing)}", advice)
    else:
        yield Finding("system", f"streamtalk {own}", "ok", "every package is installed")


def _name(requirement: str) -> str:
    """The package of a requirement; empty for those of an extra."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    return found.group() if found and "extra ==" not in requirement else ""


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _run_directory(run_dir: RunDir) -> Iterator[Finding]:
    try:
        run_dir.prepare()
        with tempfile.NamedTemporaryFile(dir=run_dir.path):
            pass
    except (StreamTalkError, OSError) as error:
        advice = "name another with --run-dir, or set STREAMTALK_RUN_DIR"
        yield Finding("run directory", str(run_dir.path), "bad", str(error), advice)
        return
    free_mb = shutil.disk_usage(run_dir.path).free >> 20
    verdict: Verdict = "ok" if free_mb >= _MIN_FREE_MB else "note"
    advice = "" if verdict == "ok" else "make room: logs and microphone rings need some"
    yield Finding("run directory", str(run_dir.path), verdict, f"{free_mb} MB free", advice)


def _stage(stage: str, settings: Any) -> Iterator[Finding]:  # noqa: ANN401 — each has its Struct
    try:
        choice = engines.resolve(stage, settings.engine)
        engines.require(choice)
        detail = _model_of(stage, choice.engine, settings)
    except StreamTalkError as error:
        advice = f"or set {stage}.engine to another one"
        yield Finding("engines", stage, "bad", str(error), advice)
        return
    why = f"{choice.why}{f'; {detail}' if detail else ''}"
    yield Finding("engines", f"{stage}: {choice.engine}", "ok", why)


def _model_of(stage: str, engine: str, settings: Any) -> str:  # noqa: ANN401 — as above
    """Where the model's files lie; raises EngineMissingError where they should and do not."""
    if (stage, engine) == ("vad", "silero"):
        from streamtalk.vad.engines.silero import find_model

        return f"model {find_model(settings.engines.silero)}"
    if (stage, engine) == ("tts", "espeak"):
        import espeakng_loader

        return f"data {espeakng_loader.get_data_path()}"
    if (stage, engine) == ("tts", "spark_mlx"):
        return _spark_model(settings.engines.spark_mlx.model)
    if (stage, engine) == ("asr", "pocketsphinx"):
        import pocketsphinx

        return f"model {pocketsphinx.get_model_path()}"
    if (stage, engine) == ("asr", "faster_whisper"):
        return _whisper_model(settings)
    return ""


def _spark_model(model: str) -> str:
    from streamtalk.runtime.models.shelf import cached, default_folder
    from streamtalk.tts.spark.checkpoint import find_checkpoint
    from streamtalk.tts.spark.fetching import is_on_hub, model_folder

    if is_on_hub(model) and cached(model, default_folder()) is None:
        return f"{model} is fetched at the start; `streamtalk fetch tts` does it now"
    folder = model_folder(model)
    find_checkpoint(folder)
    return f"model {folder}"


def _whisper_model(settings: Any) -> str:  # noqa: ANN401 — as above
    """Which one, why, and whether it is here."""
    from streamtalk.asr.whisper.auto import wanted
    from streamtalk.asr.whisper.places import AUTO, find_model, is_here

    whisper = settings.engines.faster_whisper
    name, why = whisper.model, ""
    if name == AUTO:
        choice = wanted(whisper, settings.threads)
        if choice is None:
            return "model auto: `streamtalk up` measures the machine and chooses"
        name, why = choice.model, f"auto: {choice.reason}; "
    if is_here(name):
        return f"{why}model {find_model(name)}"
    fetched = settings.upgrade != "never"
    then = "`streamtalk up` brings it" if fetched else "`streamtalk fetch asr` brings it"
    return f"{why}model {name} is not here whole: {then}"


def _language_model(settings: Any) -> Finding:  # noqa: ANN401 — its Struct imports a lot
    from streamtalk.orchestrator.llm.discovery import Found, probe

    if settings.llm_engine in ("builtin", "scripted"):
        return Finding("engines", f"llm: {settings.llm_engine}", "ok", "configured")
    try:
        found = asyncio.run(probe(settings.llm))
    except StreamTalkError as error:
        return Finding("engines", "llm", "bad", str(error), "correct orchestrator.llm.base_url")
    if isinstance(found, Found):
        detail = f"{found.server} at {found.base_url}"
        return Finding("engines", f"llm: {found.model}", "ok", detail)
    advice = (
        "for free talk start LM Studio or Ollama with a model, or set orchestrator.llm.base_url; "
        "it is taken up while you talk"
    )
    detail = "the built-in assistant answers. " + "; ".join(found.reasons)
    return Finding("engines", "llm: builtin", "note", detail, advice)


def _sound(settings: Any) -> Iterator[Finding]:  # noqa: ANN401 — as above
    from streamtalk.audio_io.devices import list_devices_elsewhere, names, pick
    from streamtalk.audio_io.faults import Direction, absent, noun
    from streamtalk.audio_io.library import portaudio

    try:
        portaudio()
    except StreamTalkError as error:
        advice = "without it `streamtalk talk` speaks with itself, from a WAV file"
        yield Finding("sound", "PortAudio", "note", str(error), advice)
        return
    found = list_devices_elsewhere()
    wishes: tuple[tuple[Direction, str], ...] = (
        ("capture", settings.microphone),
        ("playback", settings.loudspeaker),
    )
    for direction, wish in wishes:
        device = pick(found, wish, direction)
        if device is not None:
            yield Finding("sound", noun(direction), "ok", f"{device.name}, {device.host}")
        else:
            reason = absent(direction, wish, names(found, direction)).reason
            advice = "without one `streamtalk talk` holds a conversation from a WAV file"
            yield Finding("sound", noun(direction), "note", reason, advice)
