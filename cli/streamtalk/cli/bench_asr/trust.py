"""What is believed that nobody said, and what is not believed that somebody said.

Recordings with and without speech are split in two halves by a hash of their names. Thresholds are
fixed on the half `fixing`; the other, `reporting`, is for figures only.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from streamtalk.asr.config import PocketSphinxSettings
from streamtalk.asr.engine import Heard, Speech
from streamtalk.asr.engines.pocketsphinx import PocketSphinxEngine
from streamtalk.asr.loudness import from_pcm, peak_db
from streamtalk.asr.trust.judge import Judge, Limits, Sound, sound_of
from streamtalk.asr.trust.voice import is_unsure
from streamtalk.cli.bench_asr.material import HALVES, Clip, commands, material
from streamtalk.cli.bench_asr.quiet import answers, made_echoes, quiet_commands, quiet_words
from streamtalk.cli.bench_asr.quiet import lines as quiet_lines
from streamtalk.cli.bench_asr.recognisers import EngineRecogniser
from streamtalk.cli.bench_asr.recordings import Ears
from streamtalk.cli.bench_asr.road import Road
from streamtalk.cli.bench_asr.whisper_like import Output, draw, words_for
from streamtalk.cli.transcribing.cues import join, tokens
from streamtalk.orchestrator.assistant.grammar import grammar as assistant_grammar
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.proto.audio import MIC_RATE_HZ
from streamtalk.proto.state import PLAIN_VOICE

DRAWS: Final = 50
"""Whisper-like outputs for each stretch of audio."""

_SILENCE_DB: Final = -60.0
GRID: Final = {
    "no_speech": (0.6, 0.5, 0.4, 0.3),
    "doubtful_log_probability": (-0.7, -0.6, -0.5, -0.4),
    "mean_log_probability": (-1.0, -0.8),
    "hopeless_log_probability": (-1.6, -1.3),
}
"""The first of each is what the judge has by itself: it wins where another is no better."""

UNSURE_GRID: Final = {
    "unsure_no_speech": (0.15, 0.4, 0.3, 0.2, 0.1),
    "unsure_log_probability": (-0.6, -0.8, -0.7, -0.5, -0.4),
}
Grid = Mapping[str, tuple[float, ...]]
"""Values to be tried, by the name of the limit."""


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
    made = [echo for clip in clips if clip.spoken for echo in made_echoes(clip)]
    words, orders = quiet_words(folder), quiet_commands()
    heard |= {clip.name: ears.probabilities(clip.samples) for clip in [*made, *words, *orders]}
    echoes = [clip for clip in made if _is_in_doubt(clip, heard[clip.name])]
    table += _sphinx("made echo, dictation", engine, echoes, heard, "", tell)
    table += _sphinx("made echo, commands", engine, echoes, heard, grammar, tell)
    tell("quiet words and commands")
    quiet_rows = answers("quiet words of people", engine.hear, words, heard, "")
    quiet_rows += answers("quiet commands, eSpeak", engine.hear, orders, heard, grammar)
    whisper, limits = _whisper(clips, [*echoes, *words, *orders], heard)
    return {
        "rows": table + whisper,
        "quiet": quiet_rows,
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
    voice: float = PLAIN_VOICE
    """Best probability that voice activity gave it."""


def _whisper(
    clips: Sequence[Clip], doubtful: Sequence[Clip], heard: dict[str, list[float]]
) -> tuple[list[dict[str, Any]], Limits]:
    """The judge on drawn outputs: behind voice activity, and alone on whole recordings.

    Limits for what voice activity is not sure of are fixed on `doubtful` clips, the others on all.
    """
    behind = [case for clip in clips for case in _cases(clip, _ranges(clip, heard[clip.name]))]
    alone = [case for clip in clips for case in _cases(clip, [Stretch(0, len(clip.samples))])]
    quiet = [case for clip in doubtful for case in _cases(clip, _ranges(clip, heard[clip.name]))]
    limits = fix([case for case in [*behind, *alone] if case.clip.half == HALVES[0]], GRID)
    fixing = [case for case in [*behind, *quiet] if case.clip.half == HALVES[0]]
    limits = fix([case for case in fixing if is_unsure(case.voice)], UNSURE_GRID, limits)
    rows = (
        ("Whisper-like", behind),
        ("Whisper-like, quiet or echo", quiet),
        ("Whisper-like, no VAD", alone),
    )
    table = []
    for end, used in (("", Limits()), (", fixed", limits)):
        for title, cases in rows:
            for half in HALVES:
                told = judged([case for case in cases if case.clip.half == half], used)
                table.append({"row": title + end, "half": half, **told})
    return table, limits


@dataclass(frozen=True)
class Stretch:
    """Samples [begin, end) of a recording that are transcribed."""

    begin: int
    end: int
    voice: float = PLAIN_VOICE


def _is_in_doubt(clip: Clip, probabilities: list[float]) -> bool:
    """Whether voice activity was not sure of something in it."""
    return any(is_unsure(stretch.voice) for stretch in _ranges(clip, probabilities))


def _ranges(clip: Clip, probabilities: list[float]) -> list[Stretch]:
    """What would be transcribed of a recording: its turns."""
    found: list[Stretch] = []

    def note(speech: Speech) -> Heard:
        """The last range asked for of an utterance is the whole of it."""
        first = speech.origin[2] if speech.origin else 0
        end = min(len(clip.samples), first + len(speech.pcm) // 2)
        found[:] = [one for one in found if one.begin != first]
        found.append(Stretch(first, end, speech.voice))
        return Heard("…", "en", 1.0)

    recogniser = EngineRecogniser(note, clip.samples.tobytes())
    Road(recogniser, HearingConfig(partial_every_ms=0)).run(probabilities)
    return found


def _cases(clip: Clip, ranges: Sequence[Stretch]) -> Iterator[Case]:
    total = sum(stretch.end - stretch.begin for stretch in ranges)
    done = 0
    for stretch in ranges:
        begin, end = stretch.begin, stretch.end
        said = _share(clip.transcript, done / total, (done + end - begin) / total)
        done += end - begin
        samples = from_pcm(clip.samples[begin:end].tobytes())
        seconds = len(samples) / MIC_RATE_HZ
        spoken = words_for(said, clip.language, seconds) if clip.spoken else None
        sound, silent = sound_of(samples), peak_db(samples) < _SILENCE_DB
        for number in range(DRAWS):
            output = draw(f"{clip.name}@{begin}", number, seconds, spoken)
            yield Case(clip, output, sound, silent, stretch.voice)


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
    output = case.output
    return judge.reason(output.text, output.segments, case.sound, case.voice)


def fix(cases: Sequence[Case], grid: Grid, start: Limits | None = None) -> Limits:
    """The limits with the fewest mistakes on these cases; those of the judge where they are."""
    start = start or Limits()
    best, fewest = start, len(cases) + 1
    for values in product(*grid.values()):
        limits = replace(start, **dict(zip(grid, values, strict=True)))
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
    yield from quiet_lines(found["quiet"])
    yield f"`fixed` is with limits from the half `fixing`, else as shipped: {found['limits']}"
