"""How transcripts are written: the list of cases, and what holds of every text."""

from itertools import pairwise
from typing import Final

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamtalk.asr.engine import Heard
from streamtalk.asr.streaming.decoder import Decoding, Samples, TimedWord
from streamtalk.asr.streaming.streamer import Progress, Streamer
from streamtalk.asr.writing import hanzi_numbers, script
from streamtalk.asr.writing.characters import guess_language
from streamtalk.asr.writing.writer import Writer, WritingConfig
from streamtalk.proto.recognition import Word
from streamtalk.tts.normal.numbers_zh import cardinal
from tests.support.writing_cases import WritingCase, read_writing_cases

pytestmark = pytest.mark.unit

CASES = read_writing_cases()
WRITER = Writer(WritingConfig())
PIECES = st.sampled_from(
    [
        *"二零两三四五六七八九十百千万亿点分之负第几年月日号半个人好的乾坤瞭解發頭髮后面",
        *",，.。?！ T恤B站aA15%-",
        *("百分之", "公里", "小时", "星期", "下午", "不管", "十分", "千万", "乾隆"),
        *("iPhone", "GPT-4", " Tom "),
    ]
)
CHINESE = st.lists(PIECES, max_size=40).map("".join)
ENGLISH_WORDS = """
    one two five nine ten fifteen twenty thirty hundred thousand million billion point zero oh and a
    minus percent per cent dollars p m pm at in march first twelfth the apples, green. o'clock
    second 25 北京 twenty-five
"""
ENGLISH = st.lists(st.sampled_from(ENGLISH_WORDS.split()), max_size=24).map(" ".join)
TEXTS = st.one_of(
    st.tuples(CHINESE, st.just("zh")),
    st.tuples(ENGLISH, st.just("en")),
    st.tuples(st.text(max_size=40), st.sampled_from(["zh", "en", "de", "ja"])),
)


def heard_of(text: str, language: str, stable: int | None = None) -> Heard:
    """A transcript whose words are the single characters, 100 samples each."""
    words = tuple(
        Word(text=char, from_sample=at * 100, to_sample=at * 100 + 100, confidence=at % 10 / 10)
        for at, char in enumerate(text)
        if not char.isspace()
    )
    stands = len(text) if stable is None else stable
    return Heard(text, language, 1.0, words=words, stable_chars=stands)


def bare(text: str) -> str:
    """`text` without its spaces."""
    return "".join(text.split())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_writer_writes_it_as_people_do(case: WritingCase) -> None:
    """Every transcript of the list is written as it was written down by hand."""
    writer = Writer(WritingConfig(script=case.script))
    assert writer.write(Heard(case.heard, case.language, 1.0)).text == case.written


def test_writing_is_measured_on_a_list_of_both_languages() -> None:
    """At least 150 cases, at least 50 of either language, and many that are to stay."""
    languages = [case.language for case in CASES]
    assert len(CASES) >= 150
    assert min(languages.count("zh"), languages.count("en")) >= 50
    assert sum(case.heard == case.written for case in CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}:{case.line}")
def test_what_is_written_is_written_no_further(case: WritingCase) -> None:
    """Writing twice changes nothing: what people write is left as it is."""
    writer = Writer(WritingConfig(script=case.script))
    assert writer.write(Heard(case.written, case.language, 1.0)).text == case.written


@given(TEXTS)
def test_words_spell_the_text_and_keep_their_order(heard: tuple[str, str]) -> None:
    """One after another they are the text; their times are those of what they came from."""
    written = WRITER.write(heard_of(*heard))
    if written.words:
        assert bare("".join(word.text for word in written.words)) == bare(written.text)
    assert all(a.to_sample <= b.from_sample for a, b in pairwise(written.words))
    assert all(0 <= word.from_sample < word.to_sample for word in written.words)


@settings(max_examples=200)
@given(
    st.one_of(
        st.tuples(CHINESE, CHINESE, CHINESE, st.just("zh")),
        st.tuples(ENGLISH, ENGLISH, ENGLISH, st.just("en")),
    )
)
@example(("他说一共有百分之", "二十", "几", "zh"))
@example(("the total is one hundred and", " five", " nothing", "en"))
def test_stable_part_is_the_same_whatever_follows(parts: tuple[str, str, str, str]) -> None:
    """What a partial calls stable begins every later text that begins as it was heard."""
    stands, now, later, language = parts
    partial = WRITER.write(heard_of(stands + now, language, len(stands)), final=False)
    stable = partial.text[: partial.stable_chars]
    for following in (later, now + later, ""):
        final = WRITER.write(heard_of(stands + following, language))
        assert final.text.startswith(stable)


def test_stable_part_follows_what_is_said() -> None:
    """It is not for the end only: but for the last dozen of characters all of it stands."""
    text = "我们今天下午三点半在公司的会议室里面开会讨论二零二六年的计划然后一起去吃饭"
    lengths = [
        WRITER.write(heard_of(text, "zh", length), final=False).stable_chars
        for length in range(len(text) + 1)
    ]
    assert lengths == sorted(lengths)
    assert lengths[-1] > len(text) - 20


class SpeakingDecoder:
    """Hears the words of a script that lie in the window; a word that its end cuts, wrongly."""

    def __init__(self, words: list[TimedWord]) -> None:
        self.words = words
        self.calls = 0

    def decode(self, samples: Samples, *, prompt: str, language: str, final: bool) -> Decoding:
        """The words between the first and the last position that `samples` hold."""
        del prompt, language, final
        self.calls += 1
        begin = round(float(samples[0])) if len(samples) else 0
        end = begin + len(samples)
        inside = [w for w in self.words if begin <= w.from_sample < end]
        heard = [
            TimedWord(
                w.text if w.to_sample <= end else f"三百{self.calls}",
                w.from_sample - begin,
                min(w.to_sample, end) - begin,
            )
            for w in inside
        ]
        return Decoding(tuple(heard), "zh")


_EACH: Final = 3_200
"""Samples for a character: 200 ms, as people speak."""


@settings(max_examples=60)
@example(seed=1768, steps=[4_800, 4_800, 4_800, 4_800, 19_800, 38_400, 38_400, 38_400, 4_800])
@given(
    seed=st.integers(0, 10_000), steps=st.lists(st.integers(4_800, 38_400), min_size=1, max_size=40)
)
def test_streamed_text_is_stable_and_its_final_is_the_offline_one(
    seed: int, steps: list[int]
) -> None:
    """With the real streamer: no stable prefix ever changes, at any chunking."""
    rng = np.random.default_rng(seed)
    chosen = [CASES[index] for index in rng.integers(0, len(CASES), 6)]
    text = "，".join(case.heard for case in chosen if case.language == "zh")
    cuts = sorted({0, len(text), *rng.integers(0, len(text) + 1, len(text) // 2).tolist()})
    words = [TimedWord(text[a:b], 1_600 + a * _EACH, 1_600 + b * _EACH) for a, b in pairwise(cuts)]
    audio = np.arange(3_200 + len(text) * _EACH, dtype=np.float32)
    streamer, stable = Streamer(SpeakingDecoder(words)), ""
    for end in np.cumsum(steps):
        if end < len(audio):
            written = WRITER.write(_heard(streamer.partial(audio[:end])), final=False)
            assert written.text.startswith(stable)
            assert len(stable) <= written.stable_chars
            stable = written.text[: written.stable_chars]
    final = WRITER.write(_heard(streamer.final(audio)))
    assert final.text.startswith(stable)
    assert final.text == WRITER.write(Heard(text, "zh", 1.0)).text


def _heard(progress: Progress) -> Heard:
    words = tuple(
        Word(text=w.text, from_sample=w.from_sample, to_sample=w.to_sample, confidence=1.0)
        for w in progress.words
        if w.text.strip()
    )
    return Heard(progress.text, "zh", 0.0, words=words, stable_chars=progress.stable_chars)


@example(10**9 + 50_000)
@example(1_606_540_024)
@given(st.integers(1, 10**12))
@example(1_403_980_220)
@example(500_070_000)
def test_every_number_is_read_as_it_is_said(number: int) -> None:
    """The normaliser of speech says it, and this reads it."""
    assert hanzi_numbers.value_of(cardinal(str(number))) == number


def test_a_date_is_one_word_with_the_time_of_its_parts() -> None:
    """From the first to the last of the words that it was heard as, as sure as the least sure."""
    written = WRITER.write(heard_of("在二零二六年", "zh"))
    assert [word.text for word in written.words] == ["在", "2026", "年"]
    assert (written.words[1].from_sample, written.words[1].to_sample) == (100, 500)
    assert written.words[1].confidence == pytest.approx(0.1)


def test_words_that_do_not_spell_the_text_are_left_alone() -> None:
    """Their places are not known, so nothing is guessed."""
    word = Word(text="other", from_sample=0, to_sample=5, confidence=1.0)
    assert WRITER.write(Heard("二零二六年", "zh", 1.0, words=(word,))).words == (word,)


@pytest.mark.parametrize("language", ["ja", "ko", "de", "fr"])
def test_other_languages_are_left_alone(language: str) -> None:
    """Japanese shares characters with Chinese, and writes them its own way."""
    text = "今日は三月五日です, 學校"
    assert WRITER.write(Heard(text, language, 1.0)).text == text


@pytest.mark.parametrize(
    "text, language",
    [
        ("學校", "zh"),
        ("これは", "ja"),
        ("안녕", "ko"),
        ("Hello!", "en"),
        ("Grüße", "und"),
        ("5", "und"),
    ],
)
def test_language_is_guessed_by_the_script(text: str, language: str) -> None:
    """Where a server does not say; what cannot be told is left undetermined."""
    assert guess_language(text) == language


def test_script_as_heard_changes_no_character() -> None:
    """And numbers can be left as well."""
    plain = Writer(WritingConfig(script="as heard", numbers=False))
    assert plain.write(Heard("請等五分鐘", "zh", 1.0)).text == "請等五分鐘"


def test_without_the_converter_characters_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers, punctuation and spaces need no library."""
    script._converter.cache_clear()
    monkeypatch.setattr(script, "has_converter", lambda: False)
    try:
        assert WRITER.write(Heard("下午三點半,開會", "zh", 1.0)).text == "下午3點半，開會"
    finally:
        script._converter.cache_clear()
