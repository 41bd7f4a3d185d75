"""Outputs as a Whisper gives them, drawn without one: for measuring what the judge believes.

No weights were at hand, so the figures are assumptions, written down before anything was measured
with them, and wide enough to overlap:

- Somebody speaks: the words that were said, in one of ten one of the short ones below. Mean
  log-probability N(-0.28, 0.15), no-speech probability Beta(1, 20); in one of ten, as for noisy or
  hesitant speech, N(-0.75, 0.25) and Beta(2, 5). Whisper's authors take -1.0 and 0.6 as limits
  (Radford et al. 2022, §4.5).
- Nobody speaks: what is reported for non-speech audio (Koenecke et al. 2024; Barański et al. 2025:
  a few short phrases make up more than half). Half of the draws a short word or thanks, a quarter
  closing lines and credits of subtitles, three of twenty a circle of words, one of ten a sentence
  that could have been said. Mean log-probability N(-0.75, 0.35), no-speech probability Beta(4, 3).
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from streamtalk.asr.streaming.decoder import Segment

SHORT: Final = ("you", "Thank you.", "Okay.", "Bye.", "So,", "Yeah.", "嗯。", "谢谢。")
CLOSING: Final = (
    "Thanks for watching!",
    "Thank you for watching. See you next time!",
    "Please subscribe.",
    "Subtitles by the Amara.org community",
    "谢谢观看",
    "字幕由Amara.org社区提供",
    "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
)
CIRCLES: Final = ("I'm sorry, " * 6, "the " * 12, "好的" * 8, "ha " * 20)
PLAUSIBLE: Final = (
    "I'll be right back.",
    "The next one is on the left.",
    "我们开始吧。",
    "What do you think about that?",
)
_KINDS: Final = (SHORT, CLOSING, CIRCLES, PLAUSIBLE)
_SHARES: Final = (0.5, 0.25, 0.15, 0.1)
_FILLER: Final = {
    "en": "and then we went on to look at the other house by the river ",
    "zh": "然后我们继续看河边的另一座房子",
}
_CHARS_PER_S: Final = {"en": 13.0, "zh": 4.0}
_DOUBTFUL_SHARE: Final = 0.1
_BRIEF_SHARE: Final = 0.1


@dataclass(frozen=True)
class Output:
    """What the model says of one stretch of audio."""

    text: str
    segments: tuple[Segment, ...]


def draw(name: str, number: int, seconds: float, spoken: str | None) -> Output:
    """The draw of this number for a recording; the same every time.

    Args:
        name: Of the recording.
        number: Of the draw.
        seconds: Length of the stretch.
        spoken: What was said; None where nobody spoke.
    """
    digest = hashlib.blake2b(f"{name}/{number}".encode(), digest_size=8).digest()
    rng = np.random.default_rng(int.from_bytes(digest, "big"))
    if spoken is None:
        kind = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))]
        text = kind[int(rng.integers(len(kind)))]
        certainty, silence = rng.normal(-0.75, 0.35), rng.beta(4, 3)
    else:
        brief = rng.random() < _BRIEF_SHARE
        text = SHORT[int(rng.integers(len(SHORT)))] if brief else spoken
        doubtful = rng.random() < _DOUBTFUL_SHARE
        certainty = rng.normal(-0.75, 0.25) if doubtful else rng.normal(-0.28, 0.15)
        silence = rng.beta(2, 5) if doubtful else rng.beta(1, 20)
    end = round(seconds * 16_000)
    segment = Segment(text, 0, end, min(float(certainty), -0.01), float(silence))
    return Output(text.strip(), (segment,))


def words_for(transcript: str | None, language: str, seconds: float) -> str:
    """What was said: the transcript, or as many words as fit where none is published."""
    if transcript:
        return transcript
    known = language if language in _FILLER else "en"
    count = max(3, round(_CHARS_PER_S[known] * seconds))
    filler = _FILLER[known]
    return (filler * (1 + count // len(filler)))[:count]
