"""What is written down about the layout agrees with the disk."""

import ast
import configparser
import tomllib
from typing import Any

import pytest

from streamtalk.runtime.supervision import HELPERS
from tests.support.tree import (
    CODE_FOLDERS,
    ROOT,
    python_files,
    roots_on_disk,
    services_on_disk,
    tracked_files,
)

pytestmark = pytest.mark.contract

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
TOOLS: dict[str, Any] = PYPROJECT["tool"]
WHEEL: dict[str, Any] = TOOLS["hatch"]["build"]["targets"]["wheel"]
ROOT_LISTS = {
    "wheel packages": [name.removesuffix("/streamtalk") for name in WHEEL["packages"]],
    "editable install": WHEEL["dev-mode-dirs"],
    "mypy_path": [n.removeprefix("$MYPY_CONFIG_FILE_DIR/") for n in TOOLS["mypy"]["mypy_path"]],
    "ruff src": [name for name in TOOLS["ruff"]["src"] if name != "."],
}
SHAPE = ("__main__.py", "__init__.py", "py.typed")


@pytest.mark.parametrize("name", sorted(ROOT_LISTS))
def test_list_of_roots_agrees_with_the_disk(name: str) -> None:
    """A namespace root that one of the lists in pyproject.toml lacks would vanish from it."""
    assert set(ROOT_LISTS[name]) == roots_on_disk()
    assert len(ROOT_LISTS[name]) == len(set(ROOT_LISTS[name]))


def test_namespace_folder_has_no_init() -> None:
    """An `__init__.py` directly in a `streamtalk` folder would hide all other roots."""
    files = python_files(*CODE_FOLDERS)
    assert [f for f in files if f.parent.name == "streamtalk" and f.name == "__init__.py"] == []


def test_each_package_is_typed_and_documented() -> None:
    """Each direct child of the namespace has `py.typed`, `__init__.py` and a docstring in it."""
    packages = {
        ROOT / root / "streamtalk" / path.relative_to(ROOT / root).parts[1]
        for root in roots_on_disk()
        for path in python_files(f"{root}/streamtalk")
    }
    for package in packages:
        assert (package / "py.typed").is_file(), package
        text = (package / "__init__.py").read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), package


@pytest.mark.parametrize("service", sorted(services_on_disk()))
def test_service_has_the_common_shape(service: str) -> None:
    """Learning one service is learning all: same names, a README, a short `__main__`."""
    folder = ROOT / "services" / service
    package = folder / "streamtalk" / service
    assert [name for name in SHAPE if not (package / name).is_file()] == []
    assert (folder / "README.md").is_file()
    assert len((package / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 15


@pytest.mark.skipif(not (ROOT / "supervisord.conf").exists(), reason="no supervisord.conf")
def test_supervisord_runs_every_service() -> None:
    """Each service on disk is a program, and each program a service on disk or a known helper."""
    parser = configparser.RawConfigParser(strict=True, inline_comment_prefixes=(";",))
    parser.read(ROOT / "supervisord.conf", encoding="utf-8")
    commands = [
        parser[section]["command"]
        for section in parser.sections()
        if section.startswith("program:")
    ]
    started = {
        word.removeprefix("streamtalk.")
        for command in commands
        for word in command.split()
        if word.startswith("streamtalk.")
    }
    assert started == services_on_disk() | {f"cli.{name}" for name in HELPERS}


def test_every_test_module_has_one_marker() -> None:
    """Each test module says, once, which kind it is; unknown kinds are refused by pytest."""
    modules = [path for path in python_files("tests") if path.name.startswith("test_")]
    counts = {str(p.relative_to(ROOT)): _marker_lines(p.read_text("utf-8")) for p in modules}
    assert [name for name, count in counts.items() if count != 1] == []


def _marker_lines(source: str) -> int:
    return sum(line.startswith("pytestmark = pytest.mark.") for line in source.splitlines())


def test_no_audio_is_committed() -> None:
    """Recordings have licences of their own and stay outside the repository."""
    suffixes = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".pcm", ".raw", ".npy", ".onnx"}
    assert [path for path in tracked_files() if path.suffix.lower() in suffixes] == []
