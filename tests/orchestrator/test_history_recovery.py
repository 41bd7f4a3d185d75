"""What a killed orchestrator leaves behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamtalk.orchestrator.history import History

pytestmark = pytest.mark.process

VICTIM = """
import os, signal, sys
from pathlib import Path
from streamtalk.orchestrator.history import History, TurnRow
history = History(Path(sys.argv[1]))
term = history.claim("s1")
history.save_turn(term, TurnRow(session="s1", turn=1, state="done", user_text="one"))
history.save_turn(term, TurnRow(session="s1", turn=2, state="thinking", user_text="two"))
os.kill(os.getpid(), signal.SIGKILL)
"""

CLAIMER = """
import sys
from pathlib import Path
from streamtalk.orchestrator.history import History
history = History(Path(sys.argv[1]))
sys.stdin.readline()
print([history.claim("s1") for _ in range(25)])
"""


def test_killed_owner_loses_nothing_that_was_written(tmp_path: Path) -> None:
    """After kill -9 the open turn is there, and the next owner has a higher term."""
    path = tmp_path / "history.db"
    victim = subprocess.run([sys.executable, "-c", VICTIM, str(path)], timeout=60, check=False)
    assert victim.returncode == -signal.SIGKILL
    history = History(path)
    found = history.open_turn("s1")
    assert found is not None
    assert (found.turn, found.state, found.user_text) == (2, "thinking", "two")
    before = history.term("s1")
    assert history.claim("s1") > before > 0
    history.close()


def test_terms_are_unique_across_processes(tmp_path: Path) -> None:
    """Four processes that open a new file and claim at once never share a term."""
    path = tmp_path / "history.db"
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIMER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [claimer.communicate("go\n", timeout=60)[0] for claimer in claimers]
    terms = [int(term) for output in outputs for term in output.strip("[]\n").split(", ")]
    assert len(terms) == 100
    assert len(set(terms)) == 100
