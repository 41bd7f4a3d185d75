"""Whole states, published on change and repeated: fast when all is well, right when not.

`vad_state` and `playback_state` are repeated every 100 ms, at rest every 500 ms;
`synthesis_state` every 100 ms until a second after the last change, then no more.
"""

from typing import Annotated, Final, Literal

import msgspec

from streamtalk.proto.message import Message, Name, Position, SessionId
from streamtalk.proto.synthesis import Mark

Phase = Literal["listening", "hearing", "thinking", "speaking", "waiting"]
PLAIN_VOICE: Final = 0.95
"""Speech probability at which voice activity neither doubts that somebody speaks, nor vouches for
it."""

STATE_PERIOD_MS = 100
"""A state is repeated this often while something happens, and for `STATE_LINGER_MS` after it."""

STATE_LINGER_MS = 1_000
STATE_REST_MS = 500
"""A state is repeated this often at rest: nobody speaks, nothing is played or held."""


class VadState(Message, frozen=True, kw_only=True):
    """Speech or silence in one session. Topic `state.vad`."""

    lease: Name
    """The attachment that this answers to; states of other leases are ignored."""

    stream: Name
    sample: Position
    """Everything before this sample has been judged."""

    speaking: bool
    segment: Position | None
    """First sample of the current or last segment, look-back included; None before any speech."""

    end: Position | None
    """Last sample of speech in that segment so far, exclusive."""

    probability: float
    """Speech probability of the last chunk, 0 to 1."""

    frames_lost: Position = 0
    """Microphone frames of this attachment that neither the bus nor the ring delivered."""

    peak: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = PLAIN_VOICE
    """Best speech probability of that segment so far; `PLAIN_VOICE` where nobody says it."""


class Frontier(Message, frozen=True, kw_only=True):
    """What a sink has, and how much more it wants, of one answer; read piece first, then sample."""

    answer: Name
    attempt: Position
    have_piece: Position
    have_sample: Position
    """Everything before (have_piece, have_sample) has arrived without a hole."""

    want_piece: Position
    want_sample: Position
    """Send nothing at or beyond (want_piece, want_sample)."""

    marks: list[Mark] = []
    """The last words of `have_piece` that its audio so far came with: at most 16."""


class PlaybackState(Message, frozen=True, kw_only=True):
    """What the loudspeaker of a session does. Topic `state.playback`."""

    term: Position
    """Highest term that this sink has obeyed."""

    mic_sample: Position
    """The session's clock: microphone samples captured when this was true."""

    playing: Name | None
    """The answer that was told to play and has not ended."""

    piece: Position = 0
    sample: Position = 0
    """Played so far: all earlier pieces and this many samples of `piece`."""

    first_audible: Position | None = None
    """Microphone clock when the first audible sample of `playing` left the sink."""

    ended: Name | None = None
    """The last answer that was played to its end."""

    starved: bool = False
    """Playing, but the next samples are not there."""

    muted: bool = False
    """Whether the person has switched the microphone off."""

    held: list[Frontier] = []
    """Every answer whose audio the sink accepts now."""


class SynthesisState(Message, frozen=True, kw_only=True):
    """How far those pieces of an answer are that were ordered with `progress`.

    Topic `state.synthesis`. The replies to `speak` decide; this shows what comes before them.
    """

    answer: Name
    attempt: Position
    pieces: Position
    """Pieces that were ordered so far."""

    pieces_made: Position
    made_samples: Position
    """Made so far of all of them, 24 kHz."""

    expected_samples: Position
    """Length of all of them: exact of those that are made, of the others from their text and the
    pace at which the voice has spoken before; never below `made_samples`."""

    piece: Position
    """The piece that was worked on last."""

    piece_samples: Position = 0
    """Made so far of `piece`."""

    marks: list[Mark] = []
    """Words of `piece` that are known so far: at most the last 256."""

    done: bool = False
    """Whether all of them are made: then `expected_samples` is exact."""

    error: Name = ""
    """Code of what went wrong with one of them; empty: nothing."""

    reason: str = ""
    """What went wrong and what to do, for a person."""


class SessionState(Message, frozen=True, kw_only=True):
    """What the orchestrator makes of a session, for views. Topic `state.session`."""

    turn: Position
    phase: Phase
    """`waiting`: a service that is needed is away."""

    user_text: str = ""
    """Partial or final text of the person in this turn."""

    user_final: bool = False
    reply_text: str = ""
    heard_chars: Position = 0
    """Length of the prefix of `reply_text` that has been played, estimated from playback."""

    notice: str = ""
    """A short sentence for the person, such as that a service is being restarted."""

    stages_ms: dict[str, float] = {}
    """Milliseconds of each stage of the last finished turn."""

    voice_to_voice_ms: float | None = None
    engines: dict[str, str] = {}


class SessionRef(Message, frozen=True, kw_only=True):
    """One session in a list."""

    session: SessionId
    state: str
    turn: Position
