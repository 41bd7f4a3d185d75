"""The transcript of one recording, from those of its pieces. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streamtalk.cli.transcribing.cues import TimedText, join, spread
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.recognition import Transcript

_PARAGRAPH_S: Final = 2.0
"""A pause after which a text goes on in a new line."""


@dataclass(frozen=True)
class Part:
    """What was heard in the samples [begin, end) of the recording."""

    begin: int
    end: int
    transcript: Transcript


@dataclass
class Document:
    """Grows by the parts of a recording; without any, nobody spoke."""

    file: str
    engine: str
    language: str = "auto"
    samples: int = 0
    """Length of what was read, at 16 kHz."""

    parts: list[Part] = field(default_factory=list)

    @property
    def said(self) -> list[Part]:
        """The parts with words in them."""
        return [part for part in self.parts if part.transcript.text.strip()]

    @property
    def text(self) -> str:
        """All of it, on one line."""
        return join(part.transcript.text.strip() for part in self.said)

    def paragraphs(self) -> list[str]:
        """The text, in a new line after each longer pause."""
        found: list[list[str]] = []
        last_end = None
        for part in self.said:
            if last_end is None or part.begin - last_end > _PARAGRAPH_S * MIC_RATE_HZ:
                found.append([])
            found[-1].append(part.transcript.text.strip())
            last_end = part.end
        return [join(texts) for texts in found]

    def timed_words(self) -> list[TimedText]:
        """Every word where it was said."""
        return [word for part in self.said for word in _words(part)]

    def summary(self) -> dict[str, Any]:
        """For programs; times are seconds of the recording."""
        said = [part.transcript for part in self.said]
        audio_ms = sum(part.audio_ms for part in said)
        sure = sum(part.confidence * part.audio_ms for part in said)
        return {
            "file": self.file,
            "engine": self.engine,
            "text": self.text,
            "language": said[0].language if said else self.language,
            "confidence": round(sure / audio_ms, 3) if audio_ms else 0.0,
            "rejected": sorted({p.transcript.rejected for p in self.parts} - {""}),
            "audio_s": round(self.samples / MIC_RATE_HZ, 3),
            "speech_s": _seconds(sum(part.end - part.begin for part in self.parts)),
            "compute_s": round(sum(p.transcript.compute_ms for p in self.parts) / 1000, 3),
            "segments": [_segment(part) for part in self.said],
            "words": [_word(part, number) for part in self.said for number in _places(part)],
        }


def _places(part: Part) -> range:
    return range(len(part.transcript.words))


def _word(part: Part, number: int) -> dict[str, Any]:
    word = part.transcript.words[number]
    return {
        "text": word.text,
        "from_s": _seconds(part.begin + word.from_sample),
        "to_s": _seconds(part.begin + word.to_sample),
        "confidence": round(word.confidence, 3),
    }


def _segment(part: Part) -> dict[str, Any]:
    return {
        "from_s": _seconds(part.begin),
        "to_s": _seconds(part.end),
        "text": part.transcript.text.strip(),
        "language": part.transcript.language,
        "rejected": part.transcript.rejected,
    }


def _words(part: Part) -> Sequence[TimedText]:
    """The words with their times, where these are all of the text; else the text at even pace."""
    words = part.transcript.words
    if _bare("".join(word.text for word in words)) != _bare(part.transcript.text):
        return spread(part.transcript.text, part.begin / MIC_RATE_HZ, part.end / MIC_RATE_HZ)
    return [
        TimedText(
            word.text.strip(),
            (part.begin + word.from_sample) / MIC_RATE_HZ,
            (part.begin + word.to_sample) / MIC_RATE_HZ,
        )
        for word in words
        if word.text.strip()
    ]


def _bare(text: str) -> str:
    return "".join(text.split())


def _seconds(samples: int) -> float:
    return round(samples / MIC_RATE_HZ, 3)
