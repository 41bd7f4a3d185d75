"""A transcript as a file: plain text, SubRip, WebVTT or JSON. Pure."""

import json
from collections.abc import Callable
from typing import Final

from streamtalk.cli.transcribing.cues import Cue, cues
from streamtalk.cli.transcribing.document import Document


def timestamp(seconds: float, mark: str) -> str:
    """Hours, minutes, seconds and, behind `mark`, milliseconds; as many hours as there are."""
    whole_ms = round(seconds * 1000)
    minutes, ms = divmod(whole_ms, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{ms // 1000:02}{mark}{ms % 1000:03}"


def plain(document: Document) -> str:
    """The text, a line for each stretch without a longer pause."""
    return "".join(f"{line}\n" for line in document.paragraphs())


def subrip(document: Document) -> str:
    """SubRip, numbered from 1."""
    blocks = (
        f"{number}\n{_times(cue, ',')}\n{_lines(cue)}\n"
        for number, cue in enumerate(cues(document.timed_words()), 1)
    )
    return "\n".join(blocks)


def webvtt(document: Document) -> str:
    """WebVTT (W3C); characters that mean something in it are escaped."""
    blocks = (
        f"\n{_times(cue, '.')}\n{_escaped(_lines(cue))}\n" for cue in cues(document.timed_words())
    )
    return "WEBVTT\n" + "".join(blocks)


def for_programs(document: Document) -> str:
    """JSON on one line, with words and their times."""
    return json.dumps(document.summary(), ensure_ascii=False) + "\n"


FORMATS: Final[dict[str, Callable[[Document], str]]] = {
    "txt": plain,
    "srt": subrip,
    "vtt": webvtt,
    "json": for_programs,
}
"""Every format, by the ending of its files."""


def _times(cue: Cue, mark: str) -> str:
    return f"{timestamp(cue.from_s, mark)} --> {timestamp(cue.to_s, mark)}"


def _lines(cue: Cue) -> str:
    """An arrow in a text would end the cue."""
    return "\n".join(cue.lines).replace("-->", "→")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
