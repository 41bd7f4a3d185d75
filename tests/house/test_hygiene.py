"""What must never stand in the repository: unsafe calls, places of one machine, open ports."""

import re
from pathlib import Path

import pytest

from tests.support.tree import ROOT, python_files, tracked_files

pytestmark = pytest.mark.contract

UNSAFE = {
    "unpickling runs code of whoever sent it": r"\b(c?pickle|dill|shelve|marshal)\b",
    "pyzmq's pickling calls": r"\b(recv|send)_pyobj\b",
    "listening to the whole network": r"tcp://\*|\b0\.0\.0\.0\b",
    "wall-clock time": r"\btime\.time(_ns)?\(",
    # MLX computes what was only planned by a function of that name.
    "running text as code": r"(?<!\bmx\.)\b(eval|exec)\(|\bshell=True\b",
    "torch.load unpickles": r"\btorch\.load\b",
}
MACHINE = {
    "a path of one machine": r"(?<![\w.])/(work|opt/(wheels|pypi|npm))(/|\b)|/home/\w+|/Users/\w+",
    "a package index": r"https?://(pypi\.org|files\.pythonhosted\.org|registry\.)",
    "a private network": r"\b(10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+)\b",
}
TEXT_LIMIT_BYTES = 400_000
SELF = Path(__file__).resolve()


def _hits(pattern: str, paths: list[Path]) -> list[str]:
    found = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if found.search(line)
    ]


@pytest.mark.parametrize("why", sorted(UNSAFE))
def test_code_has_no_unsafe_call(why: str) -> None:
    """Nothing that trusts a peer's bytes, opens a port to everybody or reads the wall clock."""
    files = [path for path in python_files("proto", "services", "cli", "tools") if path != SELF]
    assert _hits(UNSAFE[why], files) == []


@pytest.mark.parametrize("why", sorted(MACHINE))
def test_repository_names_no_machine(why: str) -> None:
    """A clone on any machine works: nothing refers to the one that it was written on."""
    text = [path for path in tracked_files() if _is_text(path)]
    assert _hits(MACHINE[why], text) == []


def _is_text(path: Path) -> bool:
    if path == SELF or path.name == "uv.lock":
        return False
    return b"\0" not in path.read_bytes()


def test_files_are_small() -> None:
    """Nothing that is not text of ours gets committed, the lock file excepted."""
    large = [p for p in tracked_files() if p.stat().st_size > TEXT_LIMIT_BYTES]
    assert [p for p in large if p.name != "uv.lock"] == []


def test_nothing_is_left_to_do() -> None:
    """Unfinished work is tracked as an issue, not left in the source."""
    words = r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b"
    assert _hits(words, python_files("proto", "services", "cli", "tools", "tests")) == []


def test_torch_is_not_locked() -> None:
    """The default install stays small: neither torch nor CUDA can come in through the lock."""
    lock = (ROOT / "uv.lock").read_text("utf-8")
    names = re.findall(r'^name = "([^"]+)"$', lock, flags=re.MULTILINE)
    assert [name for name in names if name.startswith(("torch", "nvidia", "triton"))] == []
