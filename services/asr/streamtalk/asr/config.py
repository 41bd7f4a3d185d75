"""Configuration of `asr`: the `[asr]` table of `streamtalk.toml`."""

from typing import Annotated, Literal

import msgspec

from streamtalk.asr.remote.settings import OpenAiTranscriptionSettings
from streamtalk.asr.writing.writer import WritingConfig
from streamtalk.runtime.config import ModelConfig
from streamtalk.runtime.fault import Fault

Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=3_600_000.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class PocketSphinxSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of PocketSphinx."""

    grammar_confidence: Share = 0.4
    """Speech that fits the grammar with less confidence is rejected."""

    second_confidence: Share = 0.6
    """The same for speech that was rejected at first and decoded once more as a whole."""

    unsure_confidence: Share = 0.75
    """The same for short speech that voice activity was not sure of."""

    dictation_confidence: Share = 0.15
    """Dictated text below this is given, but marked as rejected."""

    unsure_dictation_confidence: Share = 0.75
    """Dictated text of short speech that voice activity was not sure of is left out below this."""

    dictate_rejected_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)] = 12.0
    """Speech up to this length that the grammar rejects is dictated, to say what was heard."""

    silence_db: Annotated[float, msgspec.Meta(ge=-120.0, le=0.0)] = -60.0
    """Audio whose loudest 10 ms stay below this, in dBFS, is silence and is not decoded."""

    dictation_piece_s: Annotated[float, msgspec.Meta(ge=4.0, le=60.0)] = 12.0
    """Longer dictation is cut at pauses; the end of a piece holds the GIL for 0.1 of its length."""

    hmms_per_frame: Annotated[int, msgspec.Meta(ge=100, le=100_000)] = 3_000
    """Width of the dictation search: 30000 takes twice as long and errs as often."""

    grammars_kept: Annotated[int, msgspec.Meta(ge=1, le=64)] = 8
    """Compiled grammars that are kept, the least recently used one is dropped."""


class FasterWhisperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of Whisper by CTranslate2."""

    model: str = "large-v3-turbo"
    """A published size, a folder, a hub id, or `auto`: the largest that is quick enough here."""

    hub: str = ""
    """Address that models are fetched from; empty: that of HF_ENDPOINT, else Hugging Face."""

    mode: Literal["fast", "balanced", "quality"] = "balanced"
    """`fast` takes the best word each time, `balanced` five beams, `quality` five beams and more
    tries where the result is doubtful. Partials are always `fast`."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "auto"
    """`auto`: int8, on a CUDA card int8_float16."""

    threads: Annotated[int, msgspec.Meta(ge=0, le=64)] = 0
    """Of one decoding; 0: what `[asr] threads` says."""

    window_s: Annotated[float, msgspec.Meta(ge=5.0, le=30.0)] = 30.0
    """What is shorter by a second is encoded in so much, not in 30 s: much quicker, and heard worse
    by models that were trained on 30 s. 30: off. Compare by `bench asr` before you keep it."""

    language: str = "auto"
    """BCP 47 primary tag of what is spoken, where the caller does not say."""

    prompt: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """Text as it should be written; sets names, punctuation and script."""

    hotwords: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    """Words to expect, with spaces between."""

    reject_invented: bool = True
    """Whether text that Whisper invents on silence, noise and music is left out."""

    silence_db: Annotated[float, msgspec.Meta(ge=-120.0, le=0.0)] = -60.0
    """Audio whose loudest 10 ms stay below this, in dBFS, is silence and is not decoded."""


class ScriptedWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A word of a script, and when it is said in the stream."""

    text: str
    from_s: Annotated[float, msgspec.Meta(ge=0.0)]
    to_s: Annotated[float, msgspec.Meta(ge=0.0)]


class ScriptedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the engine for load and deterministic tests."""

    cost_ms: Milliseconds = 0.0
    """Thread CPU time of a final transcript."""

    partial_cost_ms: Milliseconds = 0.0
    """Thread CPU time of a partial one."""

    gil: bool = False
    """Whether that time is spent in Python code, so that no other thread of the process runs."""

    texts: tuple[str, ...] = ()
    """Final texts, one after another, then from the first again; partials show the next one."""

    format: str = "{audio_ms} milliseconds of audio"
    """Text where `texts` is empty."""

    confidence: Share = 1.0
    languages: tuple[str, ...] = ("en",)
    """BCP 47 primary tags; empty: any."""

    fault: Fault = "none"
    """What goes wrong with transcripts, `fault_after` of them later."""

    fault_after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Transcripts, partial ones included, that are still right."""

    fault_lasts: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Transcripts and canned requests that go wrong before all is right again; 0: for ever."""

    hang_file: str = ""
    """A call that finds this file takes it away and never returns."""

    script: tuple[ScriptedWord, ...] = ()
    """Words at their times in the stream, heard as a streaming recogniser hears; a decoding then
    costs `encode_ms` and `real_time_factor`, and nothing else."""

    encode_ms: Milliseconds = 60.0
    real_time_factor: Annotated[float, msgspec.Meta(ge=0.0, le=100.0)] = 0.07
    """Of the length of the window that is decoded."""

    streamed: bool = True
    """Whether a final reuses what its partials have settled, or decodes the whole segment."""


class AsrEngines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    faster_whisper: FasterWhisperSettings = FasterWhisperSettings()
    openai: OpenAiTranscriptionSettings = OpenAiTranscriptionSettings()
    pocketsphinx: PocketSphinxSettings = PocketSphinxSettings()
    scripted: ScriptedSettings = ScriptedSettings()


class AsrConfig(ModelConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[asr]` table."""

    engines: AsrEngines = AsrEngines()
    writing: WritingConfig = WritingConfig()
    upgrade: Literal["named", "always", "never"] = "named"
    """When a model that is not here is fetched in the background, PocketSphinx serving meanwhile:
    where `engine` names one that needs it; `always`: where `engine` is `auto` as well."""

    budget_ms: Milliseconds = 0.0
    """Time that any transcript may take before the instance counts as hung, instead of what
    follows from the speed that was measured at the start; 0: that, or 3 s for an engine that
    measures none."""

    budget_real_time_factor: Annotated[float, msgspec.Meta(ge=0.0, le=1_000.0)] = 6.0
    """Added to that: this many times the length of the audio."""
