"""The real `turn` process on real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamtalk.client.peer import Peer
from streamtalk.proto.endpointing import Predict, Prediction
from streamtalk.proto.health import Health, Probe, Proof, ProveWork
from tests.support.alone import alone

pytestmark = pytest.mark.process


@pytest.fixture
def peer(run_dir: Path) -> Iterator[Peer]:
    """A caller of a ready `turn` process."""
    with alone("turn", run_dir) as scene, scene.connect() as connected:
        yield connected


def test_process_answers_predictions(peer: Peer) -> None:
    """A whole question and a broken one are told apart over the wire."""
    whole = peer.call(Predict(text="what time is it", silence_ms=150.0), Prediction, 2.0)
    broken = peer.call(Predict(text="what time is it in the", silence_ms=150.0), Prediction, 2.0)
    assert (whole.label, broken.label) == ("finished", "unfinished")
    assert whole.commit_after_ms < broken.commit_after_ms


def test_process_advertises_what_it_uses(peer: Peer) -> None:
    """Callers learn from the directory that this engine judges by text."""
    instance = peer.call(Probe(), Health, 2.0).instance
    assert (instance.engine, instance.features) == ("rules", ["uses_text"])


def test_probe_shows_what_the_predictions_have_shown(peer: Peer) -> None:
    """The work of two predictions is counted and timed."""
    for _ in range(2):
        peer.call(Predict(text="what time is it", silence_ms=150.0), Prediction, 2.0)
    work = peer.call(Probe(), Health, 2.0).work
    assert (work.done, work.failed, work.recent) == (2, 0, 2)
    assert work.worst_ms >= work.median_ms


def test_process_proves_itself_when_asked(peer: Peer) -> None:
    """The canned question is told from its cut copy once more."""
    assert "whole question" in peer.call(ProveWork(), Proof, 5.0).detail
