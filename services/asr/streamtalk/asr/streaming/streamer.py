"""One utterance, decoded while it is spoken: the window moves, what is committed stays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from streamtalk.asr.streaming.agreement import Agreement
from streamtalk.asr.streaming.decoder import Decoder, Decoding, Samples, Segment, TimedWord
from streamtalk.proto.audio import MIC_RATE_HZ

_SENTENCE_ENDS: Final = (".", "?", "!", "。", "？", "！", "…")
_CLAUSE_ENDS: Final = (*_SENTENCE_ENDS, ",", ";", ":", "，", "；", "：", "、")
_PROMPT_CHARS: Final = 200
_LEAD_SAMPLES: Final = MIC_RATE_HZ // 10
"""Audio before the first word of a window, so that its onset is whole."""

_LONG_SAMPLES: Final = MIC_RATE_HZ
"""A window longer than this is cut at any committed word; a shorter one after a clause."""

_LONGEST_SAMPLES: Final = 28 * MIC_RATE_HZ
"""Whisper hears 30 s; what nobody agreed on for so long is committed as it stands."""


@dataclass(frozen=True)
class Progress:
    """What is known of an utterance."""

    words: tuple[TimedWord, ...]
    stable: int
    """How many of the words will not change."""

    language: str
    segments: tuple[Segment, ...] = ()

    @property
    def text(self) -> str:
        """All words, as they are written."""
        return "".join(word.text for word in self.words).strip()

    @property
    def stable_chars(self) -> int:
        """Length of the beginning of `text` that will not change."""
        return len("".join(word.text for word in self.words[: self.stable]).strip())


class Streamer:
    """Feeds a decoder the part of an utterance that is not settled yet.

    The caller gives the whole utterance each time (it reads it from the microphone's ring); memory
    is that of the words. Not thread-safe.

    Args:
        decoder: The recogniser.
        language: BCP 47 primary tag, or `auto`.
        prompt: What every window is told to go on from.
        openings: By language, what stands in for an empty `prompt`.
    """

    def __init__(
        self,
        decoder: Decoder,
        language: str = "auto",
        prompt: str = "",
        openings: Mapping[str, str] | None = None,
    ) -> None:
        self._decoder = decoder
        self._openings = openings or {}
        self._given_prompt = prompt
        self._agreement = Agreement()
        self._segments: list[Segment] = []
        self._open_segments: tuple[Segment, ...] = ()
        self._from = 0
        self._heard_language = language

    @property
    def window_from(self) -> int:
        """First sample of the utterance that is still decoded."""
        return self._from

    def partial(self, samples: Samples) -> Progress:
        """Decode what is open; what two decodings in a row agree on stands from now on."""
        self._trim(len(samples))
        decoding = self._decode(samples, final=False)
        words = tuple(word.moved(self._from) for word in decoding.words)
        self._agreement.hear(words)
        if len(samples) - self._from > _LONGEST_SAMPLES:
            self._agreement.close(words)
        return self._progress(decoding)

    def final(self, samples: Samples) -> Progress:
        """Decode the rest; all of it stands in the result.

        It may be a pause only: where the person goes on, partials go on from here, and what no
        two decodings have agreed on is still open.
        """
        self._trim(len(samples))
        while len(samples) - self._from > _LONGEST_SAMPLES:
            self._advance(samples)
        decoding = self._decode(samples, final=True)
        self._agreement.hear([word.moved(self._from) for word in decoding.words])
        progress = self._progress(decoding)
        return replace(progress, stable=len(progress.words))

    def _advance(self, samples: Samples) -> None:
        """Decode one whole window of a final that nobody followed, and move behind it."""
        end = self._from + _LONGEST_SAMPLES
        decoding = self._decode(samples[:end], final=True)
        words = [word.moved(self._from) for word in decoding.words]
        inner = [w for w in words if w.to_sample <= end - MIC_RATE_HZ] or words
        self._agreement.close(inner)
        self._from = inner[-1].to_sample if inner else end
        self._keep_segments(self._from)

    def _decode(self, samples: Samples, *, final: bool) -> Decoding:
        window = samples[self._from :]
        decoding = self._decoder.decode(
            window, prompt=self._prompt(), language=self._heard_language, final=final
        )
        if decoding.words:
            self._heard_language = decoding.language
        self._open_segments = tuple(part.moved(self._from) for part in decoding.segments)
        return decoding

    def _prompt(self) -> str:
        """The text before the window, so that the decoder goes on with it."""
        last = self._agreement.committed[-_PROMPT_CHARS:]
        before = [word.text for word in last if word.to_sample <= self._from]
        given = self._given_prompt or self._openings.get(self._heard_language, "")
        return f"{given} {''.join(before)}".strip()[-_PROMPT_CHARS:]

    def _progress(self, decoding: Decoding) -> Progress:
        committed = self._agreement.committed
        return Progress(
            words=(*committed, *self._agreement.pending),
            stable=len(committed),
            language=decoding.language,
            segments=(*self._segments, *self._open_segments),
        )

    def _trim(self, samples: int) -> None:
        """Move the window behind committed words: after a clause, or anywhere once it is long."""
        long = samples - self._from > _LONG_SAMPLES
        ends = ("",) if long else _CLAUSE_ENDS
        for word in reversed(self._agreement.committed):
            if word.to_sample <= self._from:
                return
            if word.text.rstrip().endswith(ends):
                self._keep_segments(word.to_sample)
                self._from = max(self._from, word.to_sample - _LEAD_SAMPLES)
                return

    def _keep_segments(self, end: int) -> None:
        """What the last decoding said of the audio before `end` is said for good."""
        self._segments += [part for part in self._open_segments if part.from_sample < end]
        self._open_segments = ()
