"""A scripted engine hangs when it is told to, and only then."""

import subprocess
import sys
from pathlib import Path

import pytest

from streamtalk.runtime.fault import hang_when_told
from tests.support.recorder import eventually

pytestmark = pytest.mark.process

PROGRAM = "import sys; from streamtalk.runtime.fault import hang_when_told as hang\n"


def test_nobody_hangs_without_an_order(tmp_path: Path) -> None:
    """Neither where no file is named, nor where the named one is not there."""
    hang_when_told("", hold_gil=False)
    hang_when_told(str(tmp_path / "order"), hold_gil=False)


def test_order_wedges_one_process_and_is_gone(tmp_path: Path) -> None:
    """Whoever takes the order never returns; the next one finds none."""
    order = tmp_path / "order"
    order.touch()
    program = PROGRAM + "hang(sys.argv[1], hold_gil=True); print('returned', flush=True)"
    command = [sys.executable, "-c", program, str(order)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as first:
        assert eventually(lambda: not order.exists())
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert second.stdout == "returned\n"
        first.kill()
        assert first.communicate()[0] == b""
