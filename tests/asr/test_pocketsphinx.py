"""PocketSphinx on synthetic commands and on recordings of people."""

import threading
import wave

import numpy as np
import pytest

from streamtalk.asr.config import PocketSphinxSettings
from streamtalk.asr.engine import Speech
from streamtalk.asr.engines.pocketsphinx import PocketSphinxEngine
from streamtalk.asr.loudness import from_pcm, to_pcm
from streamtalk.asr.score import ErrorRate, word_errors
from streamtalk.proto.errors import MalformedError
from tests.asr.conftest import COMMANDS, Say
from tests.support.recordings import Recording, recording, recordings

pytestmark = pytest.mark.contract

SPOKEN = [
    "what time is it",
    "tell me the time",
    "what is seven times eight",
    "set a timer for five minutes",
    "cancel the timer",
    "repeat that",
    "say that again",
    "what can you do",
    "thank you",
    "who are you",
    "good morning",
]
ECHOES = [(31_360, 47_872, 0.604), (102_016, 141_056, 0.94), (169_600, 186_112, 0.688)]
"""Bytes of the recording that voice activity takes for speech, and how sure it is at its best."""

OTHER = [
    "the weather in london was terrible yesterday",
    "my sister lives near the river",
    "turn on the lights in the bedroom",
    "the quick brown fox jumps over the lazy dog",
    "set the table for dinner",
]


def pcm_of(clip: Recording) -> bytes:
    """The audio of a recording, which all are 16 kHz mono 16 bit."""
    with wave.open(str(clip.path)) as file:
        pcm: bytes = file.readframes(file.getnframes())
        return pcm


@pytest.mark.parametrize("command", SPOKEN)
def test_command_is_heard(engine: PocketSphinxEngine, say: Say, command: str) -> None:
    """A spoken command of the grammar comes out word for word, each word in its place."""
    pcm = say(command)
    heard = engine.hear(Speech(pcm, grammar=COMMANDS))
    assert (heard.text, heard.rejected) == (command, "")
    assert " ".join(word.text for word in heard.words) == command
    starts = [word.from_sample for word in heard.words]
    assert starts == sorted(starts)
    assert heard.words[-1].to_sample <= len(pcm) // 2


@pytest.mark.parametrize("sentence", OTHER)
def test_other_speech_is_rejected(engine: PocketSphinxEngine, say: Say, sentence: str) -> None:
    """Speech outside the grammar is not forced into it; dictation says what it may have been."""
    heard = engine.hear(Speech(say(sentence), grammar=COMMANDS))
    assert heard.rejected == "grammar"
    assert heard.confidence < 0.4
    assert heard.text


@pytest.mark.skipif(not recordings("en"), reason="no recordings beside the checkout")
def test_people_reading_are_rejected() -> None:
    """Of the short recordings of people who read sentences, none passes for a command."""
    engine = PocketSphinxEngine(_without_dictation())
    engine.load()
    clips = [clip for clip in recordings("en") if clip.transcript and clip.seconds < 6]
    accepted = [c.path.name for c in clips if not _rejected(engine, c)]
    assert accepted == []


def _without_dictation() -> PocketSphinxSettings:
    return PocketSphinxSettings(dictate_rejected_s=0)


def _rejected(engine: PocketSphinxEngine, clip: Recording) -> bool:
    return bool(engine.hear(Speech(pcm_of(clip), grammar=COMMANDS)).rejected)


@pytest.mark.parametrize(
    "name", ["keyboard_typing", "ding1", "sb_noise1", "clack", "esc50_dog_1-100032-A-0"]
)
def test_noise_is_silence(engine: PocketSphinxEngine, name: str) -> None:
    """Noise gives no words, with a grammar and without."""
    pcm = pcm_of(recording(f"noise/{name}.wav"))[: 3 * 32_000]
    for grammar in (COMMANDS, ""):
        heard = engine.hear(Speech(pcm, grammar=grammar))
        assert (heard.text, heard.rejected) == ("", "silence")


def _quieter(pcm: bytes, gain_db: float) -> bytes:
    return to_pcm(from_pcm(pcm) * np.float32(10 ** (gain_db / 20)))


def test_quiet_command_is_heard_though_voice_activity_was_not_sure(
    engine: PocketSphinxEngine, say: Say
) -> None:
    """Thirty decibels below the usual, a clear match of the grammar is enough."""
    for command in ("repeat that", "who are you", "what can you do"):
        heard = engine.hear(Speech(_quieter(say(command), -30), grammar=COMMANDS, voice=0.7))
        assert (heard.text, heard.rejected) == (command, "")


def test_unclear_speech_is_rejected_where_voice_activity_was_not_sure(say: Say) -> None:
    """Half a word is said back of a clear voice; of what may be an echo it is no turn."""
    strict = PocketSphinxEngine(
        PocketSphinxSettings(unsure_confidence=1.0, unsure_dictation_confidence=1.0)
    )
    strict.load()
    half = say("my sister lives near the river")[:25_600]
    for grammar in (COMMANDS, ""):
        clear = strict.hear(Speech(half, grammar=grammar))
        assert clear.text
        heard = strict.hear(Speech(half, grammar=grammar, voice=0.94))
        assert (heard.text, heard.rejected) == ("", "unsure")


def test_rest_of_an_echo_is_no_turn(engine: PocketSphinxEngine) -> None:
    """What a canceller left of a far voice, as voice activity hands it on."""
    name = "3toVbH46HkG0otARNYGDIw_farend_singletalk.wav"
    pcm = pcm_of(recording(f"echo_residual/{name}"))
    found = [
        engine.hear(Speech(pcm[begin:end], grammar=grammar, voice=voice))
        for begin, end, voice in ECHOES
        for grammar in (COMMANDS, "")
    ]
    assert {heard.text for heard in found} == {""}
    assert {heard.rejected for heard in found} <= {"silence", "unsure"}


def test_dictation_hears_most_words(engine: PocketSphinxEngine) -> None:
    """Three short recordings of people come out with a word error rate below 0.6."""
    names = ["sb_spk1_snt1", "sb_spk1_snt5", "librispeech-1995-1837-0001"]
    total = ErrorRate(0, 0)
    for clip in [recording(f"en/{name}.wav") for name in names]:
        heard = engine.hear(Speech(pcm_of(clip)))
        total += word_errors(clip.transcript or "", heard.text)
    assert total.rate < 0.6


def test_silence_is_not_decoded(engine: PocketSphinxEngine) -> None:
    """Digital silence is no text and no error."""
    heard = engine.hear(Speech(bytes(64_000), grammar=COMMANDS))
    assert (heard.text, heard.rejected, heard.confidence) == ("", "silence", 0.0)


def test_partials_grow(engine: PocketSphinxEngine, say: Say) -> None:
    """Partials of the same speech go on where the last one ended, up to the whole command."""
    pcm = say("set a timer for five minutes")
    origin = ("ring", "stream", 0)
    texts = [
        engine.hear(Speech(pcm[:end], final=False, origin=origin, grammar=COMMANDS)).text
        for end in range(16_000, len(pcm) + 6_400, 6_400)
    ]
    assert texts[-1].startswith("set a timer")
    assert len(texts[0]) < len(texts[-1])


def test_partials_of_two_people_do_not_mix(engine: PocketSphinxEngine, say: Say) -> None:
    """A partial of somebody else's speech begins anew."""
    one, two = say("what time is it"), say("thank you")
    for _ in range(2):
        heard = [
            engine.hear(Speech(pcm, final=False, origin=("r", name, 0), grammar=COMMANDS)).text
            for name, pcm in (("one", one), ("two", two))
        ]
        assert heard == ["what time is it", "thank you"]


@pytest.mark.parametrize(
    "grammar, why",
    [
        ("#JSGF V1.0;\ngrammar g;\npublic <g> = flurbelstrum | stop;\n", "flurbelstrum"),
        ("#JSGF V1.0;\ngrammar g;\npublic <g> = (stop;\n", "compiled"),
    ],
)
def test_unusable_grammar_is_refused(
    engine: PocketSphinxEngine, say: Say, grammar: str, why: str
) -> None:
    """The caller learns what is wrong with its grammar, and the engine goes on."""
    pcm = say("stop")
    with pytest.raises(MalformedError, match=why):
        engine.hear(Speech(pcm, grammar=grammar))
    assert engine.hear(Speech(say("thank you"), grammar=COMMANDS)).text == "thank you"


def test_many_grammars_stay_bounded(engine: PocketSphinxEngine, say: Say) -> None:
    """Old grammars are forgotten, and compiled again when they come back."""
    pcm = say("thank you")
    for number in [*range(10), 0]:
        grammar = f"#JSGF V1.0;\ngrammar g{number};\npublic <g> = thank you | good morning;\n"
        assert engine.hear(Speech(pcm, grammar=grammar)).text == "thank you"


def test_decoding_lets_other_threads_run(engine: PocketSphinxEngine, say: Say) -> None:
    """While a command is decoded, another thread of the process goes on all the time."""
    pcm = say("what is seven times eight")
    done = threading.Event()
    turns = 0

    def decode() -> None:
        engine.hear(Speech(pcm, grammar=COMMANDS))
        done.set()

    thread = threading.Thread(target=decode)
    thread.start()
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 10
