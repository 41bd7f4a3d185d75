"""Configuration of `vad`: the `[vad]` table of `streamtalk.toml`."""

from typing import Annotated

import msgspec

from streamtalk.runtime.config import ModelConfig
from streamtalk.runtime.fault import Fault

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=60_000.0)]


class SileroSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the Silero model."""

    model: str = ""
    """Path of the ONNX file; empty: the one that the installed wheel carries."""

    threads: int = 1
    """Threads of ONNX Runtime; one is quickest up to 64 sessions."""


class ScriptedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the engine for load and deterministic tests."""

    cost_ms: Milliseconds = 0.3
    """Thread CPU time that every chunk of every session costs."""

    hold_gil: bool = False
    """Whether that time is spent in Python code, so that no other thread of the process runs."""

    fault: Fault = "none"
    """What goes wrong with the chunks of a session, `fault_after` of them later."""

    fault_after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Chunks of a session that are still right."""

    threshold_db: float = -45.0
    """RMS of a chunk, dBFS, from which it counts as speech, where no script is given."""

    speech_s: tuple[tuple[float, float], ...] = ()
    """Times of speech in seconds since the first chunk of a session; they replace the threshold."""

    hang_file: str = ""
    """A call that finds this file takes it away and never returns."""


class VadEngines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    silero: SileroSettings = SileroSettings()
    scripted: ScriptedSettings = ScriptedSettings()


class SegmenterSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When speech begins and pauses."""

    start_probability: Share = 0.6
    """Speech may begin at a chunk of at least this probability."""

    stop_probability: Share = 0.35
    """Speech lasts while chunks stay at or above this probability."""

    min_speech_ms: Milliseconds = 64.0
    """Speech shorter than this is no segment."""

    min_silence_ms: Milliseconds = 128.0
    """Silence after which `speaking` becomes false; the turn is not over by that."""

    look_back_ms: Milliseconds = 300.0
    """A segment begins this much before the first chunk of speech, so that no consonant is cut."""


class BatchSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long chunks wait for those of other sessions."""

    window_ms: Milliseconds = 16.0
    """Wait with `full_at_sessions` sessions; with fewer, in proportion."""

    none_up_to_sessions: int = 4
    """With this many sessions a chunk is judged at once."""

    full_at_sessions: int = 32
    """From here on the wait is whole."""


class VadConfig(ModelConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[vad]` table."""

    engines: VadEngines = VadEngines()
    segmenter: SegmenterSettings = SegmenterSettings()
    batch: BatchSettings = BatchSettings()
    lease_ms: int = 5_000
    """A session that is not attached again within this time is dropped."""

    pre_roll_ms: Milliseconds = 1_500.0
    """Audio before the first judged sample that only warms the model."""

    ring_after_ms: Milliseconds = 200.0
    """Without a message of the microphone for this long, the ring is read instead."""

    session_limit: Annotated[int, msgspec.Meta(ge=1, le=4_096)] = 256
    """Attachments held at once; more are refused as overloaded."""
