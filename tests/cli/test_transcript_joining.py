"""Transcripts of the parts of a recording become one, with times of the whole."""

import pytest

from streamtalk.cli.transcribe import summary
from streamtalk.proto.recognition import Transcript, Word

pytestmark = pytest.mark.unit


def _part(text: str, **fields: object) -> Transcript:
    known = {"final": True, "language": "en", "confidence": 1.0, "audio_ms": 1.0, "compute_ms": 5.0}
    return Transcript(text=text, **{**known, **fields})  # type: ignore[arg-type]


def test_words_keep_their_place_in_the_whole() -> None:
    """A word of the second part lies after the first part."""
    word = Word(text="two", from_sample=1_600, to_sample=3_200, confidence=0.5)
    found = summary([(0, _part("one")), (16_000, _part("two", words=[word]))], 32_000)
    assert found["text"] == "one two"
    assert found["words"] == [{"text": "two", "from_s": 1.1, "to_s": 1.2, "confidence": 0.5}]
    assert found["audio_s"] == 2.0


def test_confidence_is_weighed_by_length() -> None:
    """A long sure part outweighs a short unsure one; silence has no say."""
    long = _part("sure", confidence=0.9, audio_ms=3_000.0)
    short = _part("not", confidence=0.1, audio_ms=1_000.0)
    silence = _part("", confidence=0.0, audio_ms=9_000.0, rejected="silence")
    found = summary([(0, long), (1, short), (2, silence)], 10)
    assert found["confidence"] == 0.7
    assert found["rejected"] == ["silence"]


@pytest.mark.parametrize(
    "texts, expected",
    [(["你好。", "世界"], "你好。世界"), (["你好", "ok", "好"], "你好 ok 好"), ([""], "")],
)
def test_chinese_is_joined_without_spaces(texts: list[str], expected: str) -> None:
    """Sentences in Chinese stand side by side."""
    assert expected == summary([(0, _part(text)) for text in texts], 1)["text"]
