"""The report of `converse`: turns with all times on the session's microphone clock."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streamtalk.cli.energy import WINDOW_SAMPLES, energetic_windows, first_energy, last_energy
from streamtalk.cli.utterances import Utterance
from streamtalk.proto.audio import MIC_FRAME_SAMPLES, MIC_RATE_HZ
from streamtalk.proto.conversation import Turn, Turns

_STAGES: Final = ("vad", "turn", "asr", "llm_first_text", "tts_first_audio", "playback")


def _seconds(sample: int | None) -> float | None:
    return None if sample is None else round(sample / MIC_RATE_HZ, 3)


def _row(turn: Turn, windows: NDArray[np.bool_]) -> dict[str, Any]:
    begin = max(0, (turn.speech_start or 0))
    until = turn.committed or turn.speech_end or begin
    start = first_energy(windows, begin, until) if turn.speech_start is not None else None
    end = last_energy(windows, begin, until) if turn.speech_start is not None else None
    reply_ms = None
    if end is not None and turn.reply_start is not None:
        reply_ms = round((turn.reply_start - end) * 1000 / MIC_RATE_HZ)
    return {
        "turn": turn.turn,
        "user_text": turn.user_text,
        "reply_text": turn.reply_text,
        "heard_text": turn.heard_text,
        "interrupted": turn.interrupted,
        "error": turn.error,
        "speech_start_s": _seconds(start),
        "speech_end_s": _seconds(end),
        "committed_s": _seconds(turn.committed),
        "reply_start_s": _seconds(turn.reply_start),
        "reply_end_s": _seconds(turn.reply_end),
        "voice_to_voice_ms": reply_ms,
        "stages_ms": {stage: turn.stages_ms.get(stage) for stage in _STAGES},
    }


def _windows(said: Sequence[Utterance]) -> NDArray[np.bool_]:
    """Where there is speech on the session's clock, each utterance by its own noise and peak.

    The silence between them is none that a microphone has: it would be taken for the noise floor.
    """
    windows = np.zeros(said[-1].end // WINDOW_SAMPLES, np.bool_)
    for one in said:
        found = energetic_windows(one.samples)
        first = one.begin // WINDOW_SAMPLES
        windows[first : first + len(found)] = found
    return windows


def _utterance(said: Utterance) -> dict[str, Any]:
    return {
        "file": said.name,
        "begin_s": _seconds(said.begin),
        "end_s": _seconds(said.end),
        "answered": said.answered,
    }


def build_report(session: str, said: Sequence[Utterance], turns: Turns) -> dict[str, Any]:
    """The report as it is written to REPORT.json; all times count from the first sample."""
    windows = _windows(said)
    return {
        "session": session,
        "input_s": _seconds(said[-1].end),
        "utterances": [_utterance(one) for one in said],
        "engines": turns.engines,
        "turns": [_row(turn, windows) for turn in turns.turns],
        "audio": {
            "mic_frames": -(-said[-1].end // MIC_FRAME_SAMPLES),
            "mic_frames_lost": turns.mic_frames_lost,
            "reply_frames": sum(turn.frames for turn in turns.turns),
            "reply_frames_late": sum(turn.late_frames for turn in turns.turns),
            "reply_gaps": sum(turn.gaps for turn in turns.turns),
        },
    }
