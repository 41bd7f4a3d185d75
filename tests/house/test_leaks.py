"""The rule of `conftest.py`: a test that leaves something behind fails."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

LEAKY = {
    "socket": (
        "import zmq\nKEEP = []\ndef test_x():\n    KEEP.append(zmq.Context().socket(zmq.PUB))\n"
    ),
    "thread": (
        "import threading\nGO = threading.Event()\n"
        "def test_x():\n    threading.Thread(target=GO.wait, daemon=True).start()\n"
    ),
    "process": (
        "import subprocess\nKEEP = []\n"
        "def test_x():\n    KEEP.append(subprocess.Popen(['sleep', '60']))\n"
    ),
}


@pytest.mark.parametrize("kind", sorted(LEAKY))
def test_leak_fails_the_test(kind: str, tmp_path: Path) -> None:
    """A test that leaves a socket, a thread or a process fails with the thing's name."""
    result = _run_pytest(tmp_path, LEAKY[kind])
    assert result.returncode == 1, result.stdout
    assert "left behind" in result.stdout
    assert kind in result.stdout


def test_tidy_test_passes(tmp_path: Path) -> None:
    """A test that closes what it opened passes."""
    source = "import zmq\ndef test_x():\n    with zmq.Context() as c, c.socket(zmq.PUB): pass\n"
    result = _run_pytest(tmp_path, source)
    assert result.returncode == 0, result.stdout


def _run_pytest(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    (folder / "conftest.py").write_text(
        "from tests.conftest import *\nfrom tests.conftest import _leaves_nothing\n"
    )
    (folder / "test_x.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), str(folder)]
    options = ["--rootdir", str(root), "-p", "no:cacheprovider", "-q"]
    return subprocess.run(
        [*command, *options], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )
