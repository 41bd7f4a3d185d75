"""Configuration of `tts`: the `[tts]` table of `streamtalk.toml`."""

import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from streamtalk.proto.limits import MAX_TEXT_CHARS
from streamtalk.runtime.config import ModelConfig
from streamtalk.runtime.fault import Fault
from streamtalk.tts.remote.settings import (
    AzureSettings,
    CosyVoiceSettings,
    GoogleSettings,
    OpenAiSpeechSettings,
)

Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Phrase = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT_CHARS)]


class EspeakSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of eSpeak NG."""

    voices: dict[str, str] = msgspec.field(default_factory=lambda: {"en": "en-us", "zh": "cmn"})
    """Voice for each language, by BCP 47 primary tag; other languages take eSpeak's own choice."""

    words_per_minute: Annotated[int, msgspec.Meta(ge=80, le=450)] = 175
    """Speed at a rate of 1."""


class SparkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of Spark-TTS on MLX."""

    model: str = ""
    """Folder of a checkpoint, or a hub id such as `SparkAudio/Spark-TTS-0.5B` (not for commercial
    use): what is not here is fetched before the voice is ready."""

    precision: Literal["q8", "q4", "bf16", "fp32"] = "q8"
    """Of the language model: fewer bits, quicker tokens; an M1 is too slow for bf16."""

    mode: Literal["fast", "balanced", "quality"] = "fast"
    """How exact the first half second is, against how soon it sounds: 4, 10 or 24 frames ahead."""

    temperature: Annotated[float, msgspec.Meta(ge=0.0, le=2.0)] = 0.8
    top_k: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 50
    top_p: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.95
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0
    """The same text with the same voice and seed sounds the same."""

    tokens_per_char: Annotated[float, msgspec.Meta(gt=0, le=100)] = 8.0
    """Speech is cut at so many frames of 20 ms a character; a Han character counts as three."""

    least_tokens: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 100
    """No text is cut before that."""

    silence_ms: Annotated[int, msgspec.Meta(ge=100, le=3_000)] = 1_500
    """A piece is over after so long a silence: the model sometimes goes on for a minute."""

    voices: dict[str, str] = msgspec.field(default_factory=dict)
    """Voice for each language, by BCP 47 primary tag; else the first that is of it."""

    voices_dir: str = ""
    """Folder of the voices; empty: the user's data folder."""

    def voices_path(self) -> Path:
        """Where the voices lie."""
        if self.voices_dir:
            return Path(self.voices_dir).expanduser()
        data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
        return Path(data).expanduser() / "streamtalk" / "voices"


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

    cacheable: bool = False
    """Whether what it makes may come from the cache the next time, so that it costs nothing."""

    hang_file: str = ""
    """A call that finds this file takes it away and never returns."""

    letters: LettersSettings | None = None
    """Spell in tones instead: then nothing else here counts."""


class TtsEngines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    espeak: EspeakSettings = EspeakSettings()
    spark_mlx: SparkSettings = SparkSettings()
    scripted: ScriptedSettings = ScriptedSettings()
    openai: OpenAiSpeechSettings = OpenAiSpeechSettings()
    azure: AzureSettings = AzureSettings()
    google: GoogleSettings = GoogleSettings()
    cosyvoice: CosyVoiceSettings = CosyVoiceSettings()


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[tts.cache]` table: speech that was made before, on disk."""

    enabled: bool = True
    limit_mb: Annotated[int, msgspec.Meta(ge=1, le=65_536)] = 256
    """Size of all entries together; 1 MB is 21 s of speech. The least recently used go first."""

    path: str = ""
    """Folder; empty: `streamtalk/tts` in the user's cache directory. Instances may share it."""


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

    loudness_dbfs: Annotated[float, msgspec.Meta(ge=-40.0, le=-10.0)] = -20.0
    """Level that every voice is brought to: gated RMS of its speech, 0 being full scale."""

    cache: CacheSettings = CacheSettings()
    preload: Annotated[list[Phrase], msgspec.Meta(max_length=256)] = []
    """Phrases that are made and cached in the background after the start."""
