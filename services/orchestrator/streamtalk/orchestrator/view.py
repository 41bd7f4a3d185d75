"""A conversation as a person's view shows it."""

from collections.abc import Sequence

from streamtalk.orchestrator.attachment import Attachment
from streamtalk.orchestrator.exchange import Exchange
from streamtalk.proto.conversation import Turns
from streamtalk.proto.state import Phase, SessionState


def session_state(
    turns: Sequence[Exchange], current: Exchange | None, phase: Phase, partial: str
) -> SessionState:
    """The current turn, or the last one, with the times of the last finished one."""
    shown = current or (turns[-1] if turns else Exchange(0))
    finished = [turn for turn in turns if turn.state == "done" and turn.stages_ms]
    estimated = len(shown.prefix) + (shown.answer.heard_chars if shown.answer else 0)
    certain = shown.heard_text or shown.state == "done"
    return SessionState(
        turn=shown.number,
        phase=phase,
        user_text=shown.user_text or partial,
        user_final=bool(shown.user_text),
        reply_text=shown.reply_text,
        heard_chars=len(shown.heard_text) if certain else estimated,
        stages_ms=finished[-1].stages_ms if finished else {},
        voice_to_voice_ms=finished[-1].voice_to_voice_ms if finished else None,
    )


def turns_report(
    turns: Sequence[Exchange], attachment: Attachment, engines: dict[str, str], *, idle: bool
) -> Turns:
    """The turns of one opening, as an edge asks for them."""
    return Turns(
        turns=[exchange.report() for exchange in turns],
        idle=idle,
        judged=attachment.judged,
        mic_frames_lost=attachment.frames_lost,
        engines=engines,
    )
