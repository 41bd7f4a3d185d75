"""Where the words of the scripts come from: real voices, aligned or stating their own times."""

import itertools

import pytest

from streamtalk.asr.score import normalise
from streamtalk.asr.streaming.scripted import Cost
from streamtalk.cli.bench_asr.recognisers import VirtualRecogniser
from streamtalk.cli.bench_asr.recordings import Ears
from streamtalk.cli.bench_asr.road import Road
from streamtalk.cli.bench_asr.scripts import SENTENCES, Aligner, Script, spoken
from streamtalk.client.wav import read_microphone
from tests.support.recordings import recording

pytestmark = pytest.mark.contract


def _check(script: Script) -> None:
    """Words ascend, take time, and lie within the audio."""
    last = 0
    for word in script.words:
        assert last <= word.from_sample < word.to_sample <= len(script.samples) + 160
        last = word.from_sample


def test_recording_is_aligned_with_its_transcript() -> None:
    """Every word of a speech of 11 s is found; the pauses between its phrases are kept."""
    clip = recording("en/jfk.wav")
    script = Aligner().align("jfk", read_microphone(clip.path), clip.transcript or "")
    assert script is not None
    _check(script)
    assert script.times == "aligned"
    said = [word.text.strip() for word in script.words]
    assert said == normalise(clip.transcript or "").split()
    pairs = itertools.pairwise(script.words)
    longest = max(after.from_sample - before.to_sample for before, after in pairs)
    assert longest > 8_000


def test_word_without_a_pronunciation_is_not_aligned() -> None:
    """A transcript that the dictionary cannot say gives no script, and no guess."""
    samples = read_microphone(recording("en/sb_spk1_snt1.wav").path)
    assert Aligner().align("x", samples, "flurbelstrum") is None


def test_voice_states_its_words() -> None:
    """ESpeak's sentences come word by word, with the times of the voice itself."""
    scripts = spoken()
    assert len(scripts) == len(SENTENCES)
    for script, text in zip(scripts, SENTENCES, strict=True):
        _check(script)
        assert "".join(word.text for word in script.words).strip() == text


def test_spoken_sentence_is_one_turn_with_all_of_its_words() -> None:
    """The real voice activity model in front, the script behind it: nothing is cut off."""
    script = spoken()[0]
    recogniser = VirtualRecogniser(script.words, Cost(), streamed=True)
    (turn,) = Road(recogniser).run(Ears().probabilities(script.samples))
    assert turn.text == SENTENCES[0]
