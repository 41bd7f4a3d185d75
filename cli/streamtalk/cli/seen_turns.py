"""All turns that one edge was told of, also by orchestrators that have ended since. Pure."""

import msgspec

from streamtalk.proto.conversation import Turn, Turns


class SeenTurns:
    """Joins every answer to GetTurns with what was known before.

    A new orchestrator restores finished turns from its history, which lacks what only the sink
    knew: when the reply began, and how many of its frames were late.
    """

    def __init__(self) -> None:
        self.joined = Turns(turns=[], idle=True)
        """The newest answer, completed."""

        self._told_lost = 0
        self._lost_before = 0

    def take(self, turns: Turns) -> None:
        """The orchestrator has answered."""
        if turns.mic_frames_lost < self._told_lost:
            # A new owner counts from nothing.
            self._lost_before += self._told_lost
        self._told_lost = turns.mic_frames_lost
        finished = {turn.turn: turn for turn in self.joined.turns if turn.state == "done"}
        told = {turn.turn: _fuller(finished.get(turn.turn), turn) for turn in turns.turns}
        both = finished | told
        self.joined = msgspec.structs.replace(
            turns,
            turns=[both[number] for number in sorted(both)],
            mic_frames_lost=self._lost_before + turns.mic_frames_lost,
        )


def _fuller(before: Turn | None, now: Turn) -> Turn:
    """The same turn as it was seen before, unless there is more to it now."""
    restored = before is not None and now.state == "done" and not now.frames
    return before if before is not None and restored else now
