"""Utterances are followed over their pauses, and a scripted decoder hears what its window holds."""

import numpy as np
import pytest

from streamtalk.asr.config import ScriptedSettings, ScriptedWord
from streamtalk.asr.engine import Speech
from streamtalk.asr.engines.scripted import ScriptedEngine
from streamtalk.asr.streaming.decoder import TimedWord
from streamtalk.asr.streaming.following import Following
from streamtalk.asr.streaming.scripted import Cost, ScriptedDecoder
from streamtalk.asr.streaming.streamer import Streamer

pytestmark = pytest.mark.unit

RATE_HZ = 16_000
SCRIPT = tuple(ScriptedWord(f"word{n}", 0.4 * n, 0.4 * n + 0.3) for n in range(20))


def silence(samples: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Audio in which the script is heard all the same."""
    return np.zeros(samples, np.float32)


def speech(seconds: float, *, final: bool, first: int = 0) -> Speech:
    """So much of the utterance that begins at sample `first`."""
    pcm = bytes(int(seconds * RATE_HZ) * 2)
    return Speech(pcm, final=final, origin=("ring", "stream", first), language="en")


def engine(**fields: object) -> ScriptedEngine:
    """The script at no cost."""
    settings = {"script": SCRIPT, "encode_ms": 0.0, "real_time_factor": 0.0, **fields}
    return ScriptedEngine(ScriptedSettings(**settings))  # type: ignore[arg-type]


def texts(count: int) -> str:
    """The first words of the script."""
    return " ".join(f"word{n}" for n in range(count))


@pytest.mark.parametrize("streamed", [True, False])
def test_final_is_the_script(streamed: bool) -> None:
    """Whether partials were reused or not, the final holds each word once, at its time."""
    made = engine(streamed=streamed)
    for tenths in range(5, 60, 3):
        made.hear(speech(tenths / 10, final=False))
    heard = made.hear(speech(6.0, final=True))
    assert heard.text == texts(15)
    assert [word.from_sample for word in heard.words] == [6_400 * n for n in range(15)]


def test_pause_does_not_begin_the_utterance_anew() -> None:
    """After a final the window stays where it was: who goes on costs the new part only."""
    windows: list[int] = []
    script = [TimedWord(f" w{n}.", 6_400 * n, 6_400 * n + 4_800) for n in range(40)]

    def make(_: Speech) -> Streamer:
        decoder = ScriptedDecoder(script, lambda: streamer.window_from, windows.append)
        streamer = Streamer(decoder, "en")
        return streamer

    following = Following(make)
    for tenths in range(5, 80, 2):
        following.of(speech(tenths / 10, final=False)).partial(silence(tenths * 1_600))
    following.of(speech(8.0, final=True)).final(silence(8 * RATE_HZ))
    windows.clear()
    again = following.of(speech(8.4, final=False)).partial(silence(int(8.4 * RATE_HZ)))
    assert windows[0] < 2 * RATE_HZ
    assert again.text.startswith("w0. w1.")


def test_word_of_a_final_that_was_cut_is_heard_whole_later() -> None:
    """What only a pause's final has said is open again when the person goes on."""
    made = engine()
    made.hear(speech(0.9, final=False))
    assert made.hear(speech(1.0, final=True)).text == "word0 word1 wo"
    assert made.hear(speech(1.6, final=True)).text == texts(4)


def test_utterances_do_not_mix_and_are_forgotten_in_the_end() -> None:
    """Each origin has its own streamer; of very many the oldest is made anew."""
    made: list[Speech] = []

    def make(asked: Speech) -> Streamer:
        made.append(asked)
        return Streamer(ScriptedDecoder([], lambda: 0, lambda _: None), "en")

    following = Following(make)
    first = following.of(speech(1, final=False))
    assert following.of(speech(2, final=True)) is first
    assert following.of(Speech(b"", final=True)) is not first
    for number in range(1, 65):
        following.of(speech(1, final=False, first=number))
    assert following.of(speech(1, final=False)) is not first
    assert len(made) == 67


def test_script_is_placed_in_the_stream() -> None:
    """An utterance that begins at 2 s hears the words from there on."""
    heard = engine().hear(speech(1.0, final=True, first=2 * RATE_HZ))
    assert heard.text == "word5 word6 wo"


def test_cost_is_fixed_and_by_the_window() -> None:
    """60 ms for the encoder, 70 ms for each second of the window."""
    assert Cost().ms(2 * RATE_HZ) == pytest.approx(200.0)
