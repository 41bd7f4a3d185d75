"""How long a transcript is waited for, by what those who make it declare; no I/O, no clock."""

from collections.abc import Sequence
from typing import Final

from streamtalk.orchestrator.calls import Patience
from streamtalk.orchestrator.config import OrchestratorConfig
from streamtalk.proto.directory import Instance

_HURRIED_S: Final = 1.0
"""A stage that has been away for long is not waited for."""

_ATTEMPT_S: Final = 5.0
_ATTEMPT_FACTOR: Final = 2.0
_AFTER_S: Final = 2.0
"""Who is past its own budget hangs; so much later its call is given up."""

_LATE: Final = 0.5
"""Of its budget: long before it counts as hung, it is late."""


def transcript_patience(
    config: OrchestratorConfig, instances: Sequence[Instance], audio_s: float, *, long_away: bool
) -> Patience:
    """For a final transcript of so much audio.

    `instances`: those that could be called, the first choice first.
    """
    declared_s = [declared(instance, audio_s) for instance in instances]
    first_s = declared_s[0] if declared_s else 0.0
    budget_s = config.transcript_budget_s + config.transcript_real_time_factor * audio_s
    attempt_s = max([_ATTEMPT_S + _ATTEMPT_FACTOR * audio_s, *(s + _AFTER_S for s in declared_s)])
    whole_s = max(config.patience_s + _ATTEMPT_FACTOR * audio_s, attempt_s)
    return Patience(
        budget_s=max(budget_s, _LATE * first_s),
        attempt_s=attempt_s,
        whole_s=_HURRIED_S if long_away else whole_s,
    )


def declared(instance: Instance, audio_s: float) -> float:
    """Seconds after which the instance counts as hung; 0: it does not say."""
    if not instance.budget_ms:
        return 0.0
    return instance.budget_ms / 1_000.0 + instance.budget_factor * audio_s
