"""Where transcripts go: standard output, a file, or a folder; each file whole or not at all."""

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from streamtalk.proto.errors import ConfigError, InputError


def places(files: Sequence[Path], out: Path | None, ending: str) -> list[Path | None]:
    """The output of each recording; None is standard output.

    Raises ConfigError where two would get the same, or one would replace a recording.
    """
    if out is None:
        if len(files) > 1 and ending in {"srt", "vtt"}:
            raise ConfigError(f"several recordings as {ending}: name a folder with --out FOLDER")
        return [None] * len(files)
    if out.is_dir() or len(files) > 1:
        found = [out / f"{file.stem}.{ending}" for file in files]
        if out.exists() and not out.is_dir():
            raise ConfigError(f"{out} is one file for {len(files)} recordings: name a folder")
    else:
        found = [out]
    if len(set(found)) < len(found):
        raise ConfigError("two recordings have the same name: transcribe them one by one")
    taken = {file.resolve() for file in files}
    if any(place.resolve() in taken for place in found):
        raise ConfigError("--out would replace a recording: name another file")
    return list(found)


def write(text: str, place: Path | None) -> None:
    """Write a transcript; raises InputError where that cannot be."""
    if place is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(place)
    except OSError as error:
        raise InputError(f"cannot write {place}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
