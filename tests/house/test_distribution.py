"""What is built for others holds all of the product and nothing of the workshop."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.tree import ROOT, python_files, roots_on_disk

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built once."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return folder


def test_wheel_holds_every_module(built: Path) -> None:
    """Each module of each root is in the wheel under its import name, its type marker too."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    wanted = {
        str(path.relative_to(ROOT / root))
        for root in roots_on_disk()
        for path in python_files(f"{root}/streamtalk")
    }
    assert wanted - names == set()
    assert {name.split("/")[0] for name in names} <= {"streamtalk", _metadata_folder(names)}
    assert "streamtalk/proto/py.typed" in names


def test_source_distribution_can_be_built_from(built: Path) -> None:
    """It holds code, licence, lock and tests, and no environment."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "uv.lock", "tests/conftest.py"} <= names
    assert {"proto/README.md", "proto/golden/ok.json", "proto/streamtalk/proto/codec.py"} <= names
    assert [name for name in names if name.startswith((".venv", "build/", "run/"))] == []


def _metadata_folder(names: set[str]) -> str:
    return next(name.split("/")[0] for name in names if ".dist-info/" in name)
