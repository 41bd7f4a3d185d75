"""What is believed that nobody said, and what is not believed that somebody said.

Recordings with and without speech are split in two halves by a hash of their names. Thresholds are
fixed on the half `fixing`; the other, `reporting`, is for figures only.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np

from streamtalk.asr.config import PocketSphinxSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.engines.pocketsphinx import PocketSphinxEngine
from streamtalk.asr.loudness import from_pcm, peak_db
from streamtalk.asr.trust.judge import Judge, Limits, Sound, sound_of
from streamtalk.cli.bench_asr.recognisers import EngineRecogniser
from streamtalk.cli.bench_asr.recordings import Ears, Row, Samples, rows
from streamtalk.cli.bench_asr.road import Road
from streamtalk.cli.bench_asr.whisper_like import Output, draw, words_for
from streamtalk.cli.bench_talk import COMMANDS, synthesise
from streamtalk.cli.transcribing.cues import join, tokens
from streamtalk.client.wav import read_microphone
from streamtalk.orchestrator.assistant.grammar import grammar as assistant_grammar
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.proto.audio import MIC_RATE_HZ

HALVES: Final = ("fixing", "reporting")
DRAWS: Final = 50
"""Whisper-like outputs for each stretch of audio."""

_NOBODY: Final = ("noise", "echo_residual")
_SILENT_FAR_END: Final = "_nearend_singletalk_lpb.wav"
_SOMEBODY: Final = ("speech", "turn_complete", "turn_incomplete", "turn_wait", "vad_labelled")
_FLOORS_DB: Final = (None, -80.0, -70.0, -60.0, -55.0, -50.0)
_SILENCE_S: Final = 10
_SILENCE_DB: Final = -60.0
_GRID: Final = {
    "no_speech": (0.6, 0.5, 0.4, 0.3),
    "doubtful_log_probability": (-0.7, -0.6, -0.5, -0.4),
    "mean_log_probability": (-1.0, -0.8),
    "hopeless_log_probability": (-1.6, -1.3),
}
"""The first of each is what the judge has by itself: it wins where another is no better."""


@dataclass(frozen=True)
class Clip:
    """A recording, and whether somebody speaks in it."""

    name: str
    samples: Samples
    spoken: bool
    language: str = ""
    transcript: str | None = None

    @property
    def half(self) -> str:
        """Which half it belongs to, by its name alone."""
        return HALVES[hashlib.blake2b(self.name.encode(), digest_size=1).digest()[0] % 2]


def material(folder: Path) -> list[Clip]:
    """Noise, residual echo, silence (one recorded, others generated) and speech."""
    found = rows(folder)
    clips = [_clip(folder, row, spoken=False) for row in found if row.kind.startswith(_NOBODY)]
    clips += [
        _clip(folder, row, spoken=False) for row in found if row.file.endswith(_SILENT_FAR_END)
    ]
    clips += [Clip(f"silence{level_db}", _floor(level_db), spoken=False) for level_db in _FLOORS_DB]
    clips += [_clip(folder, row, spoken=True) for row in found if row.kind.startswith(_SOMEBODY)]
    return clips


def _clip(folder: Path, row: Row, *, spoken: bool) -> Clip:
    samples = read_microphone(folder / row.file)
    language = row.language or "en"
    return Clip(row.file, samples, spoken, language, row.transcript)


def _floor(level_db: float | None) -> Samples:
    """Ten seconds of digital silence, or of hiss at this level."""
    count = _SILENCE_S * MIC_RATE_HZ
    if level_db is None:
        return np.zeros(count, np.int16)
    noise = np.random.default_rng(5).normal(0, 10 ** (level_db / 20), count)
    return np.asarray(np.clip(noise, -1, 1) * 32_767, np.int16)


def commands() -> list[Clip]:
    """Spoken commands of the built-in assistant, synthetic."""
    return [
        Clip(text, synthesise(text), spoken=True, language="en", transcript=text)
        for text in COMMANDS
    ]


def measure(folder: Path, tell: Callable[[str], None]) -> dict[str, Any]:
    """All rows of the table."""
    ears = Ears()
    clips = material(folder)
    heard = {clip.name: ears.probabilities(clip.samples) for clip in clips}
    engine = PocketSphinxEngine(PocketSphinxSettings())
    engine.load()
    english = [clip for clip in clips if not clip.spoken or clip.language == "en"]
    quiet = [clip for clip in clips if not clip.spoken]
    spoken_commands = commands()
    heard |= {clip.name: ears.probabilities(clip.samples) for clip in spoken_commands}
    table = _sphinx("PocketSphinx, dictation", engine, english, heard, "", tell)
    grammar = assistant_grammar()
    with_grammar = [*quiet, *spoken_commands]
    table += _sphinx("PocketSphinx, commands", engine, with_grammar, heard, grammar, tell)
    whisper, limits = _whisper(clips, heard)
    return {
        "rows": table + whisper,
        "limits": asdict(limits),
        "draws": DRAWS,
        "clips": [{"name": c.name, "half": c.half, "spoken": c.spoken} for c in clips],
    }


def _sphinx(
    title: str,
    engine: PocketSphinxEngine,
    clips: Sequence[Clip],
    heard: dict[str, list[float]],
    grammar: str,
    tell: Callable[[str], None],
) -> list[dict[str, Any]]:
    """The real engine behind the real voice activity, turn by turn as in a conversation."""
    counts = {half: _Counts() for half in HALVES}
    for clip in clips:
        tell(f"{title}: {clip.name}")
        recogniser = EngineRecogniser(engine.hear, clip.samples.tobytes(), grammar)
        turns = Road(recogniser, HearingConfig(partial_every_ms=0)).run(heard[clip.name])
        believed = [turn.text for turn in turns if turn.text.strip()]
        reasons = [turn.dropped or turn.rejected for turn in turns]
        counts[clip.half].add(clip, believed=len(believed), reasons=reasons)
    return [{"row": title, "half": half, **counts[half].told()} for half in HALVES]


class _Counts:
    """Of one half: recordings with and without speech, and what went wrong in them."""

    def __init__(self) -> None:
        self._quiet = self._spoken = self._segments = 0
        self._invented: list[str] = []
        self._rejected: list[str] = []
        self._reasons: Counter[str] = Counter()

    def add(self, clip: Clip, *, believed: int, reasons: Sequence[str]) -> None:
        """Take what became of a recording."""
        self._reasons.update(filter(None, reasons))
        if clip.spoken:
            self._spoken += 1
            self._rejected += [] if believed else [clip.name]
        else:
            self._quiet += 1
            self._segments += len(reasons)
            self._invented += [clip.name] * believed

    def told(self) -> dict[str, Any]:
        """The figures."""
        return {
            "without_speech": self._quiet,
            "segments_without_speech": self._segments,
            "invented": len(self._invented),
            "invented_in": sorted(set(self._invented)),
            "with_speech": self._spoken,
            "rejected": len(self._rejected),
            "rejected_in": sorted(set(self._rejected)),
            "reasons": dict(self._reasons),
        }


@dataclass(frozen=True)
class Case:
    """One drawn output, and the sound of the audio that it was drawn for."""

    clip: Clip
    output: Output
    sound: Sound
    silent: bool


def _whisper(
    clips: Sequence[Clip], heard: dict[str, list[float]]
) -> tuple[list[dict[str, Any]], Limits]:
    """The judge on drawn outputs: behind voice activity, and alone on whole recordings."""
    behind = [case for clip in clips for case in _cases(clip, _ranges(clip, heard[clip.name]))]
    alone = [case for clip in clips for case in _cases(clip, [(0, len(clip.samples))])]
    limits = fix([case for case in [*behind, *alone] if case.clip.half == HALVES[0]])
    table = []
    for end, used in (("", Limits()), (", fixed", limits)):
        for title, cases in (("Whisper-like", behind), ("Whisper-like, no VAD", alone)):
            for half in HALVES:
                told = judged([case for case in cases if case.clip.half == half], used)
                table.append({"row": title + end, "half": half, **told})
    return table, limits


def _ranges(clip: Clip, probabilities: list[float]) -> list[tuple[int, int]]:
    """What would be transcribed of a recording: its turns."""
    found: list[tuple[int, int]] = []

    def note(speech: Speech) -> Heard:
        """The last range asked for of an utterance is the whole of it."""
        first = speech.origin[2] if speech.origin else 0
        end = min(len(clip.samples), first + len(speech.pcm) // 2)
        found[:] = [r for r in found if r[0] != first] + [(first, end)]
        return Heard("…", "en", 1.0)

    recogniser = EngineRecogniser(note, clip.samples.tobytes())
    Road(recogniser, HearingConfig(partial_every_ms=0)).run(probabilities)
    return found


def _cases(clip: Clip, ranges: Sequence[tuple[int, int]]) -> Iterator[Case]:
    total = sum(end - begin for begin, end in ranges)
    done = 0
    for begin, end in ranges:
        said = _share(clip.transcript, done / total, (done + end - begin) / total)
        done += end - begin
        samples = from_pcm(clip.samples[begin:end].tobytes())
        seconds = len(samples) / MIC_RATE_HZ
        spoken = words_for(said, clip.language, seconds) if clip.spoken else None
        sound, silent = sound_of(samples), peak_db(samples) < _SILENCE_DB
        for number in range(DRAWS):
            output = draw(f"{clip.name}@{begin}", number, seconds, spoken)
            yield Case(clip, output, sound, silent)


def _share(transcript: str | None, begin: float, end: float) -> str | None:
    """The words of a part of a recording, by its length."""
    if not transcript:
        return None
    parts = tokens(transcript)
    return join(parts[round(begin * len(parts)) : max(1, round(end * len(parts)))]) or parts[-1]


def believed(case: Case, judge: Judge) -> str:
    """Why an output is not believed; empty for one that is."""
    if case.silent:
        return "silence"
    return judge.reason(case.output.text, case.output.segments, case.sound)


def fix(cases: Sequence[Case]) -> Limits:
    """The limits with the fewest mistakes on these cases; those of the judge where they are."""
    best, fewest = Limits(), len(cases) + 1
    for values in product(*_GRID.values()):
        limits = Limits(**dict(zip(_GRID, values, strict=True)))
        judge = Judge(limits)
        wrong = sum(bool(believed(case, judge)) == case.clip.spoken for case in cases)
        if wrong < fewest:
            best, fewest = limits, wrong
    return best


def judged(cases: Sequence[Case], limits: Limits) -> dict[str, Any]:
    """Outputs believed where nobody spoke, and not believed where somebody did."""
    judge = Judge(limits)
    reasons = [(case, believed(case, judge)) for case in cases]
    invented = [case for case, why in reasons if not case.clip.spoken and not why]
    rejected = [case for case, why in reasons if case.clip.spoken and why]
    return {
        "without_speech": sum(not case.clip.spoken for case in cases),
        "invented": len(invented),
        "invented_in": sorted({case.clip.name for case in invented}),
        "invented_texts": dict(Counter(case.output.text[:30] for case in invented).most_common(8)),
        "with_speech": sum(case.clip.spoken for case in cases),
        "rejected": len(rejected),
        "rejected_in": sorted({case.clip.name for case in rejected}),
        "reasons": dict(Counter(why for _, why in reasons if why)),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The table for a person."""
    yield f"{'':28}{'half':11}{'invented':>14}{'true turns rejected':>22}"
    for row in found["rows"]:
        invented = f"{row['invented']} of {row['without_speech']}"
        rejected = f"{row['rejected']} of {row['with_speech']}"
        yield f"{row['row']:28}{row['half']:11}{invented:>14}{rejected:>22}  {row['reasons']}"
        for key in ("invented_in", "rejected_in"):
            if row[key]:
                yield f"{'':28}{key.replace('_', ' ')}: {', '.join(row[key][:6])}"
    yield f"`fixed` is with limits from the half `fixing`, else as shipped: {found['limits']}"
