"""What the words of a turn say about its end."""

from typing import Final, Literal, NamedTuple

Label = Literal["finished", "unfinished", "backchannel", "wait"]


class Verdict(NamedTuple):
    """A label, and how sure it is."""

    finished: float
    """Probability that the turn is over, 0 to 1."""

    label: Label


WHOLE: Final = Verdict(0.9, "finished")
"""A question, a command, an answer: nothing is missing."""

LIKELY: Final = Verdict(0.7, "finished")
"""A statement that may stand alone."""

UNKNOWN: Final = Verdict(0.5, "finished")
"""The words tell nothing."""

DOUBTFUL: Final = Verdict(0.35, "unfinished")
"""Something is probably missing."""

BROKEN: Final = Verdict(0.1, "unfinished")
"""It ends on a word that wants another one."""

BACKCHANNEL: Final = Verdict(0.3, "backchannel")
"""A sign of listening that asks for no answer."""

WAIT: Final = Verdict(0.05, "wait")
"""The person asks for silence or time."""
