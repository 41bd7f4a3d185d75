"""Configuration of `orchestrator`: the `[orchestrator]` table of `streamtalk.toml`."""

from typing import Annotated, Literal

import msgspec

from streamtalk.orchestrator.breaker import BreakerConfig
from streamtalk.orchestrator.hearing import HearingConfig
from streamtalk.orchestrator.llm.config import LlmConfig
from streamtalk.orchestrator.llm.scripted import ScriptedLlmConfig
from streamtalk.orchestrator.overlap import ConversationConfig
from streamtalk.orchestrator.splitter import SplitterConfig
from streamtalk.runtime.config import ProcessConfig


class HistoryConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[orchestrator.history]` table."""

    path: str = ""
    """The database; empty: in the user's data directory, or in a run directory that was named."""

    retention_days: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0
    """Turns older than this are deleted at start; 0 keeps all."""


class OrchestratorConfig(ProcessConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[orchestrator]` table."""

    max_sessions: Annotated[int, msgspec.Meta(ge=1, le=1_024)] = 32
    """Sessions at a time; a further one is refused with `overloaded`."""

    llm_engine: Literal["auto", "builtin", "openai", "scripted"] = "auto"
    """`auto`: a language model where one is found, the built-in assistant meanwhile."""

    persona: str = ""
    """System prompt; empty: a friendly voice assistant that answers briefly."""

    llm: LlmConfig = LlmConfig()
    scripted_llm: ScriptedLlmConfig = ScriptedLlmConfig()
    history: HistoryConfig = HistoryConfig()
    hearing: HearingConfig = HearingConfig()
    conversation: ConversationConfig = ConversationConfig()
    splitter: SplitterConfig = SplitterConfig()
    breaker: BreakerConfig = BreakerConfig()
    patience_s: Annotated[float, msgspec.Meta(gt=0.0, le=120.0)] = 10.0
    """How long a transcript is waited for while no speech recognition is ready."""

    transcript_budget_s: Annotated[float, msgspec.Meta(gt=0.0, le=120.0)] = 1.0
    """A transcript that takes longer is asked of another instance as well, where there is one."""

    transcript_real_time_factor: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.5
    """Added to that for every second of audio."""
