"""What the voice takes on this machine: its first frame, a cancel, and the cost of a second.

A real stack of its own, the frames as a listener behind the bus gets them. Three rows apart: *cold*
is the first piece in a language after the start, *warm* a text that was never said before, *cached*
the same texts once more. *way* is a text without a word: what the road there and back takes by
itself, on this machine at this hour.
"""

import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from streamtalk.cli.bench_machine import Meter, percentile
from streamtalk.cli.bench_stack import BenchStack
from streamtalk.cli.bench_voice import BenchVoice, Said
from streamtalk.cli.reach import Reach
from streamtalk.proto.errors import LanguageError
from streamtalk.proto.limits import MAX_TEXT_CHARS
from streamtalk.tts.cache.key import KEY

LANGUAGES: Final = ("en", "zh")
CASES: Final = ("cold", "warm", "cached")
_NOTHING: Final = "…"
_PAUSE_S: Final = 0.03
"""Between two orders, so that each finds an idle service, as the first of an answer does."""

_KEPT_S: Final = 10.0
_CANCEL_AFTER: Final = (1, 2, 5, 9)
"""Messages of 200 ms that are let through before the cancel, in turn."""

_ENGLISH: Final = re.findall(
    r"\S+",
    "the old mill stands near a quiet river where seven children play every evening while their "
    "mother reads letters from distant towns about rain and travel and summer bread",
)
_CHINESE: Final = "今天早上我们在公园里看到很多人唱歌他们从远方来到这座城市学习新的语言和音乐"

Tell = Callable[[str], None]


def sentence(language: str, rng: random.Random, words: int) -> str:
    """A text that nobody has said before: `words` words or hanzi, a pause now and then."""
    parts = [rng.choice(_CHINESE if language == "zh" else _ENGLISH) for _ in range(words)]
    comma, end, gap = ("，", "。", "") if language == "zh" else (",", ".", " ")
    for at in range(8, words - 3, 9):
        parts[at] += comma
    return gap.join(parts).capitalize() + end


def measure(
    engines: Sequence[str], tts: dict[str, Any], rounds: int, starts: int, tell: Tell
) -> dict[str, Any]:
    """Every figure of each engine; `tts` is the table that its settings come from."""
    meter = Meter()
    benches = [_Bench(engine, rounds) for engine in engines]
    for bench in benches:
        for start in range(starts):
            tell(f"{bench.engine}: start {start + 1} of {starts}")
            bench.start(tts, start, last=start == starts - 1)
    return {
        "rounds": rounds,
        "starts": starts,
        "rows": [row for bench in benches for row in bench.rows()],
        "cancels": [row for bench in benches for row in bench.cancel_rows()],
        "machine": meter.stop(),
    }


def _tables(engine: str, tts: dict[str, Any], cache: str) -> dict[str, Any]:
    """The whole stack, in which nothing but the voice costs anything."""
    other = {"engine": "scripted"}
    kept = {**tts.get("cache", {}), "enabled": True, "path": cache}
    voice = {**tts, "engine": engine, "chain": [], "cache": kept}
    return {"vad": other, "asr": other, "orchestrator": {"llm_engine": "builtin"}, "tts": voice}


class _Bench:
    """All that was measured of one engine."""

    def __init__(self, engine: str, rounds: int) -> None:
        self.engine = engine
        self._rounds = rounds
        self._said: dict[tuple[str, str], list[Said]] = {}
        self._refused: dict[str, str] = {}
        self._cancels: list[float] = []

    def start(self, tts: dict[str, Any], seed: int, *, last: bool) -> None:
        """Start a stack: the first words of each language, and after the last start all else."""
        rng = random.Random(seed)  # noqa: S311 — texts, not secrets
        with (
            tempfile.TemporaryDirectory(prefix="stb-", ignore_cleanup_errors=True) as cache,
            BenchStack(_tables(self.engine, tts, cache)) as stack,
            Reach(stack.run_dir) as reach,
            BenchVoice(reach, reach.instance("tts").endpoint) as voice,
        ):
            voice.join()
            self._first_words(voice, rng)
            if last:
                self._many_words(voice, rng, Path(cache))
                self._break_off(voice, rng)

    def _first_words(self, voice: BenchVoice, rng: random.Random) -> None:
        for language in LANGUAGES:
            try:
                self._say(voice, "cold", language, sentence(language, rng, 14))
            except LanguageError as error:
                self._refused[language] = str(error)

    def _many_words(self, voice: BenchVoice, rng: random.Random, cache: Path) -> None:
        for language in self._languages():
            texts = [sentence(language, rng, 14) for _ in range(self._rounds)]
            before = _entries(cache)
            for text in texts:
                self._say(voice, "warm", language, text)
            if _kept(cache, before + len(texts)):
                for text in texts:
                    self._say(voice, "cached", language, text)
        for _ in range(self._rounds):
            self._say(voice, "way", "", _NOTHING)

    def _break_off(self, voice: BenchVoice, rng: random.Random) -> None:
        languages = self._languages()
        for number in range(self._rounds if languages else 0):
            time.sleep(_PAUSE_S)
            language = languages[number % len(languages)]
            text = sentence(language, rng, 800)[:MAX_TEXT_CHARS]
            after = _CANCEL_AFTER[number % len(_CANCEL_AFTER)]
            last_ms = voice.say_and_cancel(text, language, after)
            if last_ms is not None:
                self._cancels.append(last_ms)

    def _languages(self) -> list[str]:
        return [name for name in LANGUAGES if name not in self._refused]

    def _say(self, voice: BenchVoice, case: str, language: str, text: str) -> None:
        time.sleep(_PAUSE_S)
        self._said.setdefault((case, language), []).append(voice.say(text, language))

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each language and case, and one for the way alone."""
        if way := self._said.get(("way", "")):
            yield _row(self.engine, "", "way", way)
        for language in LANGUAGES:
            for case in CASES:
                if said := self._said.get((case, language)):
                    yield _row(self.engine, language, case, said)
            if language in self._refused:
                yield {
                    "engine": self.engine,
                    "language": language,
                    "error": self._refused[language],
                }

    def cancel_rows(self) -> Iterator[dict[str, Any]]:
        """One row, where a piece was still being made when it was cancelled."""
        if self._cancels:
            yield {
                "engine": self.engine,
                "count": len(self._cancels),
                "last_frame_p50_ms": round(percentile(self._cancels, 0.5), 2),
                "last_frame_p95_ms": round(percentile(self._cancels, 0.95), 2),
                "last_frame_worst_ms": round(max(self._cancels), 2),
            }


def _row(engine: str, language: str, case: str, said: Sequence[Said]) -> dict[str, Any]:
    firsts = [one.first_ms for one in said]
    inside = [one.inside_ms for one in said]
    factors = [one.compute_ms / 1000 / one.length_s for one in said if one.length_s]
    return {
        "engine": engine,
        "language": language,
        "case": case,
        "count": len(said),
        "first_frame_p50_ms": round(percentile(firsts, 0.5), 2),
        "first_frame_p95_ms": round(percentile(firsts, 0.95), 2),
        "inside_p50_ms": round(percentile(inside, 0.5), 2),
        "inside_p95_ms": round(percentile(inside, 0.95), 2),
        "real_time_factor": round(percentile(factors, 0.5), 5) if factors else None,
    }


def _entries(cache: Path) -> int:
    return sum(1 for path in cache.iterdir() if KEY.fullmatch(path.name))


def _kept(cache: Path, wanted: int) -> bool:
    """Whether so many pieces come to lie in the cache; an engine may keep none."""
    give_up = time.monotonic() + _KEPT_S
    while _entries(cache) < wanted and time.monotonic() < give_up:
        if not _entries(cache):
            return False
        time.sleep(_PAUSE_S)
    return _entries(cache) >= wanted


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result for a person."""
    yield (
        f"{'engine':10} {'':3} {'':7} {'pieces':>6} {'first frame p50':>16} {'p95':>8} "
        f"{'in the service p50':>20} {'p95':>8} {'RTF':>8}"
    )
    for row in found["rows"]:
        if "error" in row:
            yield f"{row['engine']:10} {row['language']:3} {row['error']}"
            continue
        factor = row["real_time_factor"] or 0.0
        yield (
            f"{row['engine']:10} {row['language']:3} {row['case']:7} {row['count']:6} "
            f"{row['first_frame_p50_ms']:13.2f} ms {row['first_frame_p95_ms']:5.2f} ms "
            f"{row['inside_p50_ms']:17.2f} ms {row['inside_p95_ms']:5.2f} ms "
            f"{factor:8.4f}"
        )
    for row in found["cancels"]:
        yield (
            f"{row['engine']:10} {row['count']} cancels: last frame after p50 "
            f"{row['last_frame_p50_ms']} ms, p95 {row['last_frame_p95_ms']} ms, worst "
            f"{row['last_frame_worst_ms']} ms"
        )
