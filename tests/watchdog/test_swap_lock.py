"""A swap marks its service, and the mark goes with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streamtalk.client.rundir import RunDir
from streamtalk.proto.errors import InputError
from streamtalk.runtime.swap_lock import hold_swap_lock, swap_in_progress

pytestmark = pytest.mark.process

HOLD = """
import sys
from pathlib import Path
from streamtalk.client.rundir import RunDir
from streamtalk.runtime.swap_lock import hold_swap_lock
with hold_swap_lock(RunDir(Path(sys.argv[1])), "tts"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_swap_is_seen_while_it_lasts(run_dir: Path) -> None:
    """Before, during and after; and only of the service that is swapped."""
    place = RunDir(run_dir).prepare()
    assert not swap_in_progress(place, "tts")
    with hold_swap_lock(place, "tts"):
        assert swap_in_progress(place, "tts")
        assert not swap_in_progress(place, "asr")
    assert not swap_in_progress(place, "tts")


def test_second_swap_of_a_service_is_refused(run_dir: Path) -> None:
    """Two swaps would start and stop each other's instances."""
    place = RunDir(run_dir).prepare()
    with hold_swap_lock(place, "tts"):
        with pytest.raises(InputError, match="another swap of tts"), hold_swap_lock(place, "tts"):
            pytest.fail("two swaps at once")
        assert swap_in_progress(place, "tts")


def test_killed_swap_leaves_no_mark(run_dir: Path) -> None:
    """A swap that was killed does not keep the watchdog away for ever."""
    place = RunDir(run_dir).prepare()
    command = [sys.executable, "-c", HOLD, str(run_dir)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert swap_in_progress(place, "tts")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert not swap_in_progress(place, "tts")
