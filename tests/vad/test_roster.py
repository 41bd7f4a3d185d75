"""Who is attached, until when, and what a session tells."""

import pytest

from streamtalk.proto.attachment import Attach, Detach
from streamtalk.proto.errors import OverloadedError
from streamtalk.vad.batch import window_ns
from streamtalk.vad.config import BatchSettings, VadConfig
from streamtalk.vad.roster import Roster
from streamtalk.vad.session import Session
from streamtalk.vad.tracker import CHUNK_SAMPLES

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


def _attach(session: str = "s1", lease: str = "l1", from_sample: int = 0) -> Attach:
    return Attach(session=session, stream="a", ring="", from_sample=from_sample, lease=lease)


def test_lease_runs_out_unless_renewed() -> None:
    """A session is dropped 5 s after its last renewal, and not before."""
    roster = Roster(VadConfig())
    session = roster.add(_attach(), 0)
    assert roster.expired(5 * SECOND_NS - 1) == []
    session.renew(2 * SECOND_NS)
    assert roster.expired(5 * SECOND_NS) == []
    assert roster.expired(7 * SECOND_NS) == [session]


def test_session_is_found_by_its_lease_only() -> None:
    """Another lease of the same session finds nothing."""
    roster = Roster(VadConfig())
    session = roster.add(_attach(), 0)
    assert roster.find(_attach()) is session
    assert roster.find(Detach(session="s1", lease="l2")) is None
    assert roster.named("s1") is session


def test_limit_refuses_and_a_drop_makes_room() -> None:
    """The session beyond the limit is refused as overloaded; a free place is given out again."""
    roster = Roster(VadConfig(session_limit=2))
    first = roster.add(_attach("a"), 0)
    second = roster.add(_attach("b"), 0)
    with pytest.raises(OverloadedError, match=r"vad\.session_limit"):
        roster.add(_attach("c"), 0)
    roster.drop(first)
    third = roster.add(_attach("c"), 0)
    assert third.slot == first.slot != second.slot
    assert (first in roster, third in roster) == (False, True)


def test_session_tells_every_change_of_a_backlog() -> None:
    """Two utterances in one batch give four states, so the first is not hidden by the second."""
    session = Session(_attach(), VadConfig(), slot=0, now_ns=0)
    speech, pause = [0.9] * 4, [0.0] * 5
    states = session.judged(0, [*speech, *pause, *speech, *pause], now_ns=7)
    assert [state.speaking for state in states] == [True, False, True, False]
    assert states[1].end == 4 * CHUNK_SAMPLES
    assert [state.peak for state in states] == [0.9] * 4
    assert session.state_due_ns == 7 + SECOND_NS // 10


def test_pre_roll_is_not_judged() -> None:
    """Probabilities of chunks before the first judged sample leave no trace."""
    session = Session(_attach(from_sample=4 * CHUNK_SAMPLES), VadConfig(), slot=0, now_ns=0)
    assert session.judged(0, [0.9] * 4, now_ns=0) == []
    state = session.state(0)
    assert (state.sample, state.probability) == (4 * CHUNK_SAMPLES, 0.0)


@pytest.mark.parametrize(
    "sessions, expected_ms", [(0, 0), (1, 0), (4, 0), (18, 8), (32, 16), (99, 16)]
)
def test_window_grows_with_the_sessions(sessions: int, expected_ms: float) -> None:
    """Few sessions are judged at once; many wait for each other, up to the whole window."""
    settings = BatchSettings(window_ms=16, none_up_to_sessions=4, full_at_sessions=32)
    assert window_ns(settings, sessions) == pytest.approx(expected_ms * 1e6)
