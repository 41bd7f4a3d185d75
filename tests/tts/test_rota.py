"""Whose turn it is."""

import pytest

from streamtalk.tts.rota import Rota

pytestmark = pytest.mark.unit


def test_rota_makes_pieces_of_an_answer_in_order() -> None:
    """Pieces that were ordered out of order are made by number, answer after answer."""
    rota: Rota[str] = Rota()
    for answer, piece in (("a", 1), ("b", 0), ("a", 0)):
        rota.add("s", answer, piece, f"{answer}{piece}")
    made = []
    while (work := rota.begin("s")) is not None:
        made.append(work)
        rota.end("s")
    assert made == ["a0", "a1", "b0"]
    assert rota.idle


def test_rota_gives_a_session_one_piece_at_a_time() -> None:
    """While a piece is in work, its session gets no other, but another session does."""
    rota: Rota[str] = Rota()
    rota.add("s", "a", 0, "s0")
    rota.add("s", "a", 1, "s1")
    rota.add("t", "a", 0, "t0")
    assert [rota.begin("s"), rota.begin("s"), rota.begin("t")] == ["s0", None, "t0"]
    assert rota.busy_sessions == 2
    assert rota.waiting("s") == 1


def test_rota_drops_an_answer_with_the_piece_in_work() -> None:
    """A cancelled answer frees its session for the next at once."""
    rota: Rota[str] = Rota()
    for answer, piece in (("a", 0), ("a", 1), ("b", 0)):
        rota.add("s", answer, piece, f"{answer}{piece}")
    assert rota.begin("s") == "a0"
    assert sorted(rota.drop("s", "a")) == ["a0", "a1"]
    assert rota.begin("s") == "b0"


def test_rota_keeps_the_piece_in_work_when_another_answer_is_dropped() -> None:
    """Dropping a candidate does not stop what is being made."""
    rota: Rota[str] = Rota()
    rota.add("s", "a", 0, "a0")
    assert rota.begin("s") == "a0"
    assert rota.drop("s", "b") == []
    assert rota.begin("s") is None
    assert not rota.idle
