"""Configuration of `tts`: the `[tts]` table of `streamtalk.toml`."""

from typing import Annotated, Literal

import msgspec

from streamtalk.runtime.config import ModelConfig
from streamtalk.runtime.fault import Fault

Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class EspeakSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of eSpeak NG."""

    voices: dict[str, str] = msgspec.field(default_factory=lambda: {"en": "en-us", "zh": "cmn"})
    """Voice for each language, by BCP 47 primary tag; other languages take eSpeak's own choice."""

    words_per_minute: Annotated[int, msgspec.Meta(ge=80, le=450)] = 175
    """Speed at a rate of 1."""


class LettersSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the voice that spells in tones, for tests of the chain."""

    seed: Count = 0
    """Decides how long each letter is."""

    level: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.1
    """Amplitude: tells one such voice from another."""

    exact: bool = True
    """Whether it states where its words begin; otherwise it estimates, and badly."""

    chunk_ms: Annotated[int, msgspec.Meta(ge=10, le=10_000)] = 60
    real_time_factor: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 0.0
    """Thread CPU time of a chunk, as a share of its length."""

    fault_file: str = ""
    """The piece that finds this file takes it away and goes wrong as it says: `KIND AFTER_MS`, the
    kind being error, stall or silence, the time that of audio from there on, further pieces too."""

    stall_ms: Milliseconds = 2_000.0
    """How long a stall is."""


class ScriptedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the engine for load and deterministic tests."""

    first_chunk_ms: Milliseconds = 0.0
    """Thread CPU time of the first chunk of an answer, that of its piece 0."""

    real_time_factor: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 0.0
    """Thread CPU time of every other chunk, as a share of its length."""

    hold_gil: bool = False
    """Whether that time is spent in Python code, so that no other thread of the process runs."""

    chunk_ms: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """Length of a chunk; the last one of a piece may be shorter."""

    piece_ms: Milliseconds = 0.0
    """Length of every piece; 0: from the length of its text."""

    ms_per_char: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 60
    """Length of a piece for each character of its text at a rate of 1."""

    tone_hz: Annotated[float, msgspec.Meta(ge=0.0, le=12_000.0)] = 440.0
    """Pitch of the tone; 0: every sample has the value of `level`."""

    level: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.1
    """Amplitude of the tone."""

    fault: Fault | Literal["silence"] = "none"
    """What goes wrong with pieces whose text holds `fault_text`."""

    fault_text: str = ""
    """Empty: every piece."""

    fault_after_chunks: Count = 0
    """Chunks of a piece that are still right."""

    fault_skips: Count = 0
    """Such pieces that are still right, the canned one included."""

    fault_lasts: Count = 0
    """Such pieces that are wrong before all are right again; 0: for ever."""

    hang_file: str = ""
    """A call that finds this file takes it away and never returns."""

    letters: LettersSettings | None = None
    """Spell in tones instead: then nothing else here counts."""


class TtsEngines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    espeak: EspeakSettings = EspeakSettings()
    scripted: ScriptedSettings = ScriptedSettings()


class TtsConfig(ModelConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[tts]` table."""

    engines: TtsEngines = TtsEngines()
    last_resort: str = "espeak"
    """Engine that a `chain` ends with: eSpeak NG needs no model and no network, so that an answer
    is never silence. Empty: the chain is as it is written."""

    budget_ms: Milliseconds = 2_000.0
    """Time that any step of the engine may take before the instance counts as hung."""

    budget_ms_per_char: Milliseconds = 20.0
    """Added to that for every character of the piece."""

    first_audio_ms: Milliseconds = 0.0
    """The first audio of a piece may take so long before the next entry of the chain speaks; 0:
    twice what it took before, and a quarter of a second."""

    pieces_per_session: Annotated[int, msgspec.Meta(ge=1, le=4_096)] = 128
    """Pieces of one session that may wait; more are refused as overloaded."""

    kept_limit_mb: Annotated[int, msgspec.Meta(ge=1, le=4_096)] = 64
    """Audio kept for sinks, all sessions together; 1 MB is 21 s of speech."""

    kept_s: Annotated[float, msgspec.Meta(ge=1.0, le=3_600.0)] = 60.0
    """An answer is dropped when its sink has shown no sign of it for this long."""
