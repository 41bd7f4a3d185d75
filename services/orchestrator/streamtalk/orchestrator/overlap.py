"""When both speak at once: does the person go on, cut in, or neither? Pure."""

from typing import Literal

import msgspec

from streamtalk.orchestrator.speaking import Speaking
from streamtalk.proto.audio import MIC_RATE_HZ, SPEECH_RATE_HZ, ms_to_samples


class ConversationConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[orchestrator.conversation]` table."""

    barge_in_ms: int = 300
    """Speech of this length while it answers cuts the answer off."""

    merge_ms: int = 700
    """Speech that goes on within this time after the commit belongs to the same turn."""

    merge_heard_ms: int = 300
    """Unless more of the answer than this was played."""


def judge_overlap(
    config: ConversationConfig, speaking: Speaking, spoken_samples: int, now_ns: int
) -> Literal["ignore", "merge", "interrupt"]:
    """What speech of `spoken_samples` (16 kHz) so far means for the answer under way."""
    if spoken_samples < ms_to_samples(config.barge_in_ms, MIC_RATE_HZ):
        return "ignore"
    if _goes_on(config, speaking, now_ns):
        return "merge"
    return "interrupt" if speaking.exchange.state == "speaking" else "ignore"


def _goes_on(config: ConversationConfig, speaking: Speaking, now_ns: int) -> bool:
    """Whether the answer came too early; one that already had an effect is never withdrawn."""
    exchange, state = speaking.exchange, speaking.last_state
    if exchange.key is None or exchange.intent == "effect":
        return False
    if exchange.state == "thinking":
        return True
    played = state.sample if state is not None and state.piece == 0 else SPEECH_RATE_HZ
    late = now_ns - exchange.committed_ns > config.merge_ms * 1_000_000
    return not late and played <= ms_to_samples(config.merge_heard_ms, SPEECH_RATE_HZ)
