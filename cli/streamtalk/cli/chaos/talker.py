"""A person who says one utterance after another, and what came back for each. Pure."""

import random
from typing import Final

import msgspec

from streamtalk.cli.answered import is_answered
from streamtalk.proto.audio import FRAME_MS, MIC_FRAME_SAMPLES
from streamtalk.proto.conversation import Turns

PATIENCE_FRAMES: Final = 15_000 // FRAME_MS
"""Nothing is played for so long, nor is the utterance answered: it is given up, and asked anew."""

BARGE_FRAMES: Final = 1_000 // FRAME_MS
"""So much of a reply is heard out before somebody cuts in."""

SPEECH_FRAMES: Final = 36
_SPEECH_SPREAD: Final = 16
_PAUSE_FRAMES: Final = 15
_PAUSE_SPREAD: Final = 30
_REMEMBERED: Final = 8
"""Utterances back: replies to what was said longer ago are not heard any more."""


class Said(msgspec.Struct, tag=True, kw_only=True):
    """One utterance, and all that was heard in answer; times are monotonic nanoseconds."""

    session: str
    number: int
    begin_sample: int = 0
    end_sample: int = 0
    began_ns: int = 0
    ended_ns: int = 0
    """When the last loud frame was sent; 0 while it is being said."""

    played_ns: list[int] = []
    """When each frame of the reply was played."""

    cut: bool = False
    """The person spoke over the reply."""

    given_up: bool = False
    errors: list[str] = []
    """Errors of the turns that were made of it."""

    mic_frames_lost: int = 0
    """Of the session so far."""


class Barging(msgspec.Struct, tag=True, kw_only=True):
    """A person begins to speak while a reply is played."""

    session: str


class Opened(msgspec.Struct, tag=True, kw_only=True):
    """Every session is held by the orchestrator."""

    sessions: list[str]


Report = Said | Barging | Opened


class Talker:
    """Tells for each microphone frame whether it is loud; hears of every frame that is played."""

    def __init__(self, session: str, seed: int, barge_share: float, pace_frames: int = 0) -> None:
        self._session = session
        self._rng = random.Random(f"{seed} {session}")  # noqa: S311 — a person, not a key
        self._barge_share = barge_share
        self._pace_frames = pace_frames
        self._barges = False
        self._owner: dict[str, Said] = {}
        self._phase = "pause"
        self._left = self._pause()
        self._waited_frames = 0
        self._said = self._before = Said(session=session, number=0)
        self.done: list[Said] = []
        """Utterances that are over; taken away by whoever reports them."""

        self.barged = False
        """Whether this frame is the first one spoken over a reply."""

    @property
    def waits(self) -> bool:
        """Whether an answer is awaited: then the orchestrator is to be asked how far it is."""
        return self._phase == "wait"

    def frame(self, now_ns: int, mic_sample: int, playing: str | None, turns: Turns) -> bool:
        """Whether the microphone frame that begins at `mic_sample` is loud.

        `turns` is what the orchestrator said last, be it from before the utterance.
        """
        self.barged = False
        if self._phase == "wait":
            self._wait(playing, turns)
        if self._phase == "pause":
            self._left -= 1
            if self._left <= 0:
                self._begin(now_ns, mic_sample)
            return False
        if self._phase == "wait":
            return False
        self._left -= 1
        if self._left <= 0:
            self._said.ended_ns, self._said.end_sample = now_ns, mic_sample + MIC_FRAME_SAMPLES
            self._phase, self._waited_frames = "wait", 0
        return True

    def played(self, now_ns: int, answer: str) -> None:
        """A frame of this answer has just been played.

        What begins while the person speaks answers what was said before: such as the rest of a
        reply that a new orchestrator takes up although the person has cut in meanwhile.
        """
        spoken_over = self._phase == "say"
        said = self._owner.setdefault(answer, self._before if spoken_over else self._said)
        said.played_ns.append(now_ns)
        self._waited_frames = 0

    def _pause(self) -> int:
        return _PAUSE_FRAMES + self._rng.randrange(_PAUSE_SPREAD) + self._pace_frames

    def _begin(self, now_ns: int, mic_sample: int) -> None:
        number = self._said.number + 1
        begin = mic_sample + MIC_FRAME_SAMPLES
        self._before = self._said
        self._owner = {a: s for a, s in self._owner.items() if s.number > number - _REMEMBERED}
        self._said = Said(
            session=self._session, number=number, begin_sample=begin, began_ns=now_ns, played_ns=[]
        )
        self._barges = self._rng.random() < self._barge_share
        self._phase, self._left = "say", SPEECH_FRAMES + self._rng.randrange(_SPEECH_SPREAD)

    def _wait(self, playing: str | None, turns: Turns) -> None:
        said = self._said
        self._waited_frames += 1
        if self._barges and playing is not None and len(said.played_ns) >= BARGE_FRAMES:
            said.cut = self.barged = True
            self._finish()
            self._left = 1
        elif playing is None and is_answered(turns, said.begin_sample, said.end_sample):
            self._finish()
        elif self._waited_frames >= PATIENCE_FRAMES:
            said.given_up = True
            self._finish()

    def _finish(self) -> None:
        self.done.append(self._said)
        self._phase, self._left = "pause", self._pause()
