"""Words with times become subtitles that can be read, and files that players accept."""

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamtalk.cli.transcribing.cues import LINE_COLUMNS, TimedText, columns, cues, join, tokens
from streamtalk.cli.transcribing.document import Document, Part
from streamtalk.cli.transcribing.formats import FORMATS, timestamp
from streamtalk.proto.recognition import Transcript, Word

pytestmark = pytest.mark.unit

RATE_HZ = 16_000
ENGLISH = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. "
    "The rainbow is a division of white light into many beautiful colours; these take the shape "
    "of a long round arch, with its path high above."
)
CHINESE = (
    "甚至出现交易几乎停滞的情况，一二线城市虽然也处于调整中，"
    "但因为聚集了过多公共资源，调整幅度较小。"
)


def words(text: str, start_s: float = 0.0, each_s: float = 0.3) -> list[TimedText]:
    """The words of a text, one behind the other."""
    return [
        TimedText(token, start_s + number * each_s, start_s + (number + 1) * each_s)
        for number, token in enumerate(tokens(text))
    ]


def part(text: str, begin_s: float = 0.0, end_s: float = 4.0, **fields: object) -> Part:
    """A piece of a recording with this text."""
    known: dict[str, object] = {
        "final": True, "language": "en", "confidence": 1.0, "audio_ms": 1.0, "compute_ms": 5.0
    }  # fmt: skip
    transcript = Transcript(text=text, **{**known, **fields})  # type: ignore[arg-type]
    return Part(int(begin_s * RATE_HZ), int(end_s * RATE_HZ), transcript)


def document(*parts: Part) -> Document:
    """A recording of ten seconds in which these parts were heard."""
    return Document("talk.wav", "scripted", samples=10 * RATE_HZ, parts=list(parts))


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, ENGLISH + CHINESE, "x" * 200, "字" * 90])
def test_cues_are_short_and_lose_nothing(text: str) -> None:
    """Two lines at most, 42 columns or 20 Chinese characters at most, every character kept."""
    found = cues(words(text))
    assert all(1 <= len(cue.lines) <= 2 for cue in found)
    assert max(columns(line) for cue in found for line in cue.lines) <= LINE_COLUMNS
    said = "".join("".join(cue.lines) for cue in found)
    assert said.replace(" ", "") == text.replace(" ", "")
    assert all(sum(map(len, cue.lines)) <= 40 for cue in found if "字" in cue.lines[0])


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=60), st.floats(0, 4e5), st.floats(-1.0, 20.0)),
        max_size=40,
    )
)
def test_cues_never_overlap(drawn: list[tuple[str, float, float]]) -> None:
    """Whatever the words and their times are, each cue begins after the last and takes time."""
    ordered = sorted(drawn, key=lambda each: each[1])
    found = cues([TimedText(text, at_s, at_s + length) for text, at_s, length in ordered])
    assert all(cue.from_s < cue.to_s for cue in found)
    assert all(a.to_s <= b.from_s for a, b in itertools.pairwise(found))
    assert all(line.strip() and "\n" not in line for cue in found for line in cue.lines)


def test_cue_ends_with_a_clause_and_at_a_pause() -> None:
    """A full cue gives back what lies behind its last comma; a pause always ends one."""
    first = cues(words(ENGLISH))[0]
    assert first.lines[-1].endswith("air,")
    found = cues([*words("One moment.", 0.0), *words("Here it is.", 5.0)])
    assert [cue.from_s for cue in found] == [0.0, 5.0]


def test_punctuation_stays_with_its_word() -> None:
    """No line begins with a comma, in either script."""
    assert tokens("你好，世界。OK? 3.5%") == ["你", "好，", "世", "界。", "OK?", "3.5%"]


@pytest.mark.parametrize(
    "texts, expected",
    [(["你好。", "世界"], "你好。世界"), (["你好", "ok", "好"], "你好 ok 好"), ([""], ""),
     (["one", "", "two"], "one two")],
)  # fmt: skip
def test_chinese_is_joined_without_spaces(texts: list[str], expected: str) -> None:
    """Chinese sentences stand side by side, others are kept apart."""
    assert join(texts) == expected


@pytest.mark.parametrize(
    "seconds, expected",
    [(0.0, "00:00:00,000"), (59.9996, "00:01:00,000"), (3_723.004, "01:02:03,004"),
     (446_400.5, "124:00:00,500")],
)  # fmt: skip
def test_timestamp_has_as_many_hours_as_there_are(seconds: float, expected: str) -> None:
    """A day and more are counted in hours; milliseconds never round to a thousand."""
    assert timestamp(seconds, ",") == expected


def test_subrip_is_numbered() -> None:
    """Number, times, lines, an empty line; the arrow of the text does not end the cue."""
    text = FORMATS["srt"](document(part("a --> b", 0, 2), part("Then more.", 5, 6)))
    assert text == (
        "1\n00:00:00,000 --> 00:00:02,000\na → b\n\n2\n00:00:05,000 --> 00:00:06,000\nThen more.\n"
    )


def test_webvtt_escapes() -> None:
    """What would be markup is text."""
    text = FORMATS["vtt"](document(part("<b> & co", 0, 2)))
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert text.endswith("&lt;b&gt; &amp; co\n")


def test_nobody_spoke() -> None:
    """Each format of nothing is well-formed."""
    made = {name: form(document()) for name, form in FORMATS.items()}
    assert (made["txt"], made["srt"], made["vtt"]) == ("", "", "WEBVTT\n")
    report = json.loads(made["json"])
    assert (report["text"], report["words"], report["confidence"]) == ("", [], 0.0)


def test_json_places_words_in_the_whole_recording() -> None:
    """A word of the second part lies after the first part; confidence is weighed by length."""
    word = Word(text="two", from_sample=1_600, to_sample=3_200, confidence=0.5)
    report = document(
        part("one", 0, 1, confidence=0.9, audio_ms=3_000.0),
        part("", 1, 2, confidence=0.0, audio_ms=9_000.0, rejected="silence"),
        part("two", 3, 4, words=[word], confidence=0.1, audio_ms=1_000.0),
    ).summary()
    assert report["text"] == "one two"
    assert report["words"] == [{"text": "two", "from_s": 3.1, "to_s": 3.2, "confidence": 0.5}]
    assert (report["confidence"], report["rejected"]) == (0.7, ["silence"])
    assert (report["audio_s"], report["compute_s"]) == (10.0, 0.015)


def test_words_that_are_not_the_text_are_not_shown() -> None:
    """Where the text was rewritten after it was timed, the subtitle shows the text."""
    word = Word(text="twenty", from_sample=0, to_sample=3_200, confidence=0.5)
    (cue,) = cues(document(part("20 euros", 1, 3, words=[word])).timed_words())
    assert (cue.lines, cue.from_s) == (("20 euros",), 1.0)


def test_text_begins_a_new_line_after_a_long_pause() -> None:
    """Two seconds of silence are a paragraph."""
    text = FORMATS["txt"](document(part("a", 0, 1), part("b", 2, 3), part("c", 9, 10)))
    assert text == "a b\nc\n"
    assert re.fullmatch(r"[^\n]+\n[^\n]+\n", text)
