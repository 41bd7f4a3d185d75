"""Somebody quiet or far away, and the rest of an echo: what voice activity is not sure of."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.score import normalise
from streamtalk.cli.bench_asr.material import HALVES, Clip
from streamtalk.cli.bench_asr.recognisers import EngineRecogniser
from streamtalk.cli.bench_asr.recordings import Samples, rows
from streamtalk.cli.bench_asr.road import Road
from streamtalk.cli.bench_asr.scripts import Aligner, Script
from streamtalk.cli.bench_talk import COMMANDS, synthesise
from streamtalk.client.wav import read_microphone
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.proto.audio import MIC_RATE_HZ

SHORT_COMMANDS: Final = (
    *("stop", "be quiet", "repeat", "say that again", "pardon", "slow down", "louder", "quieter"),
    *("help", "who are you", "how are you", "hello", "hi", "good morning", "thank you", "goodbye"),
    *("good night", "can you hear me", "okay", "never mind", "tell me the time", "stop talking"),
    *("cancel the timer", "what year is it"),
)
"""Of the assistant's grammar; `bench talk` has longer ones."""

VOICES: Final = ("en-us", "en-gb", "en-gb-scotland")
_QUIET_PEAK: Final = 0.5 * 10 ** (-30 / 20)
"""30 dB below a person near the microphone, whose peaks are at half of full scale."""

_HISS: Final = 1e-4
_SHORTEST_S: Final = 0.35
_LONGEST_S: Final = 0.6
_FADE_SAMPLES: Final = MIC_RATE_HZ // 100
_BURSTS: Final = 8
_BURST_S: Final = (0.1, 0.6)
_BANDS: Final = 17
_DEEPEST_DB: Final = -40.0
_PEAKS_DB: Final = (-30.0, -10.0)

Audio = NDArray[np.float32]
"""Shape (samples,), -1 to 1, 16 kHz."""


def quiet_words(folder: Path) -> list[Clip]:
    """Words of people, 0.35 to 0.6 s each, aligned by force and cut out of their sentences."""
    aligner = Aligner()
    wanted = [row for row in rows(folder) if row.transcript and row.file.startswith("en/")]
    scripts = (
        aligner.align(row.file, read_microphone(folder / row.file), row.transcript or "")
        for row in wanted
    )
    return [clip for script in scripts if script is not None for clip in _words_of(script)]


def _words_of(script: Script) -> Iterator[Clip]:
    """As few words one behind the other as are long enough, where they are not too long."""
    begin = None
    said = ""
    for word in script.words:
        begin = word.from_sample if begin is None else begin
        said += word.text
        seconds = (word.to_sample - begin) / MIC_RATE_HZ
        if seconds < _SHORTEST_S:
            continue
        if seconds <= _LONGEST_S:
            audio = _faded(_floats(script.samples[begin : word.to_sample]))
            name = f"{script.name}@{begin}"
            samples = _quiet(name, audio)
            yield Clip(
                name, samples, spoken=True, language="en", transcript=said.strip(), of=script.name
            )
        begin, said = None, ""


def quiet_commands() -> list[Clip]:
    """Commands of the built-in assistant in three of eSpeak's voices."""
    return [_command(text, voice) for voice in VOICES for text in (*COMMANDS, *SHORT_COMMANDS)]


def _command(text: str, voice: str) -> Clip:
    name = f"{voice}: {text}"
    samples = _quiet(name, _floats(synthesise(text, voice)))
    return Clip(name, samples, spoken=True, language="en", transcript=text)


def made_echoes(clip: Clip) -> list[Clip]:
    """What a canceller might leave of a far voice: bursts of it, each band at its own gain.

    An assumption: only one recorded residual echo wakes voice activity, and it is in the half that
    nothing may be fixed on.
    """
    rng = _dice(clip.name)
    audio = _floats(clip.samples)
    found = []
    for number in range(_BURSTS):
        count = min(int(rng.uniform(*_BURST_S) * MIC_RATE_HZ), len(audio))
        first = int(rng.integers(len(audio) - count + 1))
        burst = _leak(_faded(audio[first : first + count]), rng)
        pad = np.zeros(MIC_RATE_HZ // 2, np.float32)
        samples = _samples(np.concatenate([pad, burst, pad]))
        name = f"{clip.name}, echo {number}"
        found.append(Clip(name, samples, spoken=False, language=clip.language, of=clip.name))
    return found


def _leak(burst: Audio, rng: np.random.Generator) -> Audio:
    spectrum = np.fft.rfft(burst)
    gains_db = rng.uniform(_DEEPEST_DB, 0.0, _BANDS)
    places = np.linspace(0, _BANDS - 1, len(spectrum))
    spectrum *= 10 ** (np.interp(places, np.arange(_BANDS), gains_db) / 20)
    left = np.fft.irfft(spectrum, len(burst))
    left *= 10 ** (rng.uniform(*_PEAKS_DB) / 20) / max(float(np.abs(left).max()), 1e-6)
    return np.asarray(left, np.float32)


def _quiet(name: str, audio: Audio) -> Samples:
    """A second of hiss before it and behind it, and its peaks far below the usual."""
    pad = np.zeros(MIC_RATE_HZ, np.float32)
    loud = audio * (_QUIET_PEAK / max(float(np.abs(audio).max()), 1e-6))
    whole = np.concatenate([pad, loud, pad])
    return _samples(whole + _dice(name).normal(0, _HISS, whole.size))


def _faded(audio: Audio) -> Audio:
    ramp = np.linspace(0, 1, _FADE_SAMPLES, dtype=np.float32)
    made = audio.copy()
    made[:_FADE_SAMPLES] *= ramp
    made[-_FADE_SAMPLES:] *= ramp[::-1]
    return made


def _floats(samples: Samples) -> Audio:
    return samples.astype(np.float32) / np.float32(32_768)


def _samples(audio: NDArray[np.floating[Any]]) -> Samples:
    return np.asarray(np.clip(audio, -1, 1) * 32_767, np.int16)


def _dice(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def answers(
    title: str,
    hear: Callable[[Speech], Heard],
    clips: Sequence[Clip],
    heard: dict[str, list[float]],
    grammar: str,
) -> list[dict[str, Any]]:
    """How much of what is said so quietly is told, handed on and understood, for each half."""
    counts: dict[str, dict[str, int]] = {half: dict.fromkeys(_COUNTS, 0) for half in HALVES}
    for clip in clips:
        asked: list[bool] = []

        def note(speech: Speech, asked: list[bool] = asked) -> Heard:
            """As the engine does, with a note of whether voice activity was sure."""
            asked.append(speech.unsure)
            return hear(speech)

        recogniser = EngineRecogniser(note, clip.samples.tobytes(), grammar)
        turns = Road(recogniser, HearingConfig(partial_every_ms=0)).run(heard[clip.name])
        said = normalise(" ".join(turn.text for turn in turns if not turn.rejected))
        right = said == normalise(clip.transcript or "")
        one = {"clips": True, "told": bool(turns), "handed_on": bool(asked), "unsure": any(asked)}
        one |= {"understood": right, "understood_unsure": right and any(asked)}
        for key, value in one.items():
            counts[clip.half][key] += value
    return [{"row": title, "half": half, **counts[half]} for half in HALVES]


_COUNTS: Final = ("clips", "told", "handed_on", "unsure", "understood", "understood_unsure")


def lines(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    """The table for a person."""
    yield f"{'':28}{'half':11}{'told':>10}{'handed on':>11}{'unsure':>8}{'understood':>12}"
    for row in found:
        told = f"{row['told']} of {row['clips']}"
        right = f"{row['understood']}, {row['understood_unsure']} of them unsure"
        yield (
            f"{row['row']:28}{row['half']:11}{told:>10}{row['handed_on']:>11}{row['unsure']:>8}"
            f"  {right}"
        )
