"""Counters and histograms of one process, in Prometheus' text exposition format.

All names stand here, as `streamtalk_<stage>_<what>_<unit>`; bucket edges follow the stage's budget.
"""

import bisect
from dataclasses import dataclass, field
from typing import Final

from streamtalk.proto.health import Work

CALL_EDGES_MS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)


@dataclass
class Counter:
    """A number that only rises, by one label value."""

    name: str
    label: str
    values: dict[str, int] = field(default_factory=dict)

    def add(self, value: str, count: int = 1) -> None:
        """Raise the count of the label value."""
        self.values[value] = self.values.get(value, 0) + count

    def lines(self) -> list[str]:
        """The exposition of this metric."""
        rows = [
            f'{self.name}{{{self.label}="{key}"}} {n}' for key, n in sorted(self.values.items())
        ]
        return [f"# TYPE {self.name} counter", *rows]


def recognition_rejections() -> Counter:
    """Final transcripts that the engine did not stand by, by reason."""
    return Counter("streamtalk_asr_rejected_transcripts", "reason")


@dataclass
class Histogram:
    """How often a value fell below each edge, by one label value."""

    name: str
    label: str
    edges: tuple[float, ...] = CALL_EDGES_MS
    counts: dict[str, list[int]] = field(default_factory=dict)
    sums: dict[str, float] = field(default_factory=dict)

    def observe(self, key: str, value: float) -> None:
        """Count one value."""
        row = self.counts.setdefault(key, [0] * (len(self.edges) + 1))
        row[bisect.bisect_left(self.edges, value)] += 1
        self.sums[key] = self.sums.get(key, 0.0) + value

    def lines(self) -> list[str]:
        """The exposition of this metric, buckets cumulative."""
        rows = [f"# TYPE {self.name} histogram"]
        for key, counts in sorted(self.counts.items()):
            total = 0
            for edge, count in zip((*self.edges, "+Inf"), counts, strict=True):
                total += count
                rows.append(f'{self.name}_bucket{{{self.label}="{key}",le="{edge}"}} {total}')
            rows.append(f'{self.name}_sum{{{self.label}="{key}"}} {self.sums[key]:.3f}')
            rows.append(f'{self.name}_count{{{self.label}="{key}"}} {total}')
        return rows


@dataclass
class Gauge:
    """A number that rises and falls."""

    name: str
    value: float = 0.0

    def lines(self) -> list[str]:
        """The exposition of this metric."""
        return [f"# TYPE {self.name} gauge", f"{self.name} {self.value:g}"]


class CacheMetrics:
    """What the cache of speech counts; `hit / (hit + miss)` is its hit rate."""

    def __init__(self) -> None:
        # Both are there from the start: one thread counts while another renders.
        self.lookups = Counter("streamtalk_tts_cache_lookups", "result", {"hit": 0, "miss": 0})
        self.unkept = Counter("streamtalk_tts_cache_unkept", "reason", {"queue_full": 0})
        self.size_bytes = Gauge("streamtalk_tts_cache_bytes")

    def lines(self) -> list[str]:
        """The exposition of all of it."""
        return [*self.lookups.lines(), *self.unkept.lines(), *self.size_bytes.lines()]


def work_lines(service: str, work: Work) -> list[str]:
    """The exposition of what the work has shown."""
    stem = f"streamtalk_{service}_work"
    rows = (
        ("done", "counter", work.done),
        ("failed", "counter", work.failed),
        ("median_ms", "gauge", work.median_ms),
        ("worst_ms", "gauge", work.worst_ms),
    )
    return [
        line
        for name, kind, value in rows
        for line in (f"# TYPE {stem}_{name} {kind}", f"{stem}_{name} {value}")
    ]


class ServiceMetrics:
    """What every service counts."""

    def __init__(self, service: str) -> None:
        self.dropped = Counter(f"streamtalk_{service}_dropped_messages", "code")
        self.calls_ms = Histogram(f"streamtalk_{service}_call_ms", "call")
        self.failures = Counter(f"streamtalk_{service}_failed_calls", "code")

    def render(self) -> str:
        """All of it as text."""
        parts = (self.dropped, self.calls_ms, self.failures)
        return "\n".join(line for part in parts for line in part.lines()) + "\n"
