"""Configuration of `turn`: the `[turn]` table of `streamtalk.toml`."""

from typing import Annotated, Literal

import msgspec

from streamtalk.runtime.config import ModelConfig
from streamtalk.runtime.fault import Fault

Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=60_000.0)]


class RulesSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much silence ends a turn, by what the words say."""

    quick_ms: Milliseconds = 200.0
    """After a whole question, command or answer."""

    middle_ms: Milliseconds = 600.0
    """Where the words tell nothing, or there are none."""

    patient_ms: Milliseconds = 1_400.0
    """After words that want a continuation, such as `and`, `the`, `um`, 因为."""

    bound_ms: Milliseconds = 2_000.0
    """No silence is longer without an answer, whatever the words are."""


class ScriptedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the engine for load and deterministic tests."""

    cost_ms: Milliseconds = 0.0
    """Thread CPU time that every prediction costs."""

    hold_gil: bool = False
    """Whether that time is spent in Python code, so that no other thread of the process runs."""

    finished: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1.0
    """The probability that is always answered."""

    commit_after_ms: Milliseconds = 200.0
    """The silence that is always answered."""

    label: Literal["finished", "unfinished", "backchannel", "wait"] = "finished"
    """The label that is always answered."""

    fault: Fault = "none"
    """What goes wrong with predictions on a text that holds `fault_text`."""

    fault_text: str = ""
    """Empty: every prediction."""

    unfinished: tuple[str, ...] = ()
    """Texts that are answered as unfinished, with `unfinished_after_ms`, instead."""

    unfinished_after_ms: Milliseconds = 1_500.0
    """The silence for those texts."""

    hang_file: str = ""
    """A call that finds this file takes it away and never returns."""


class TurnEngines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of each engine."""

    rules: RulesSettings = RulesSettings()
    scripted: ScriptedSettings = ScriptedSettings()


class TurnConfig(ModelConfig, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[turn]` table."""

    engines: TurnEngines = TurnEngines()
