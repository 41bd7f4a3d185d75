"""The house's limits on length, names and documentation hold in every file."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.tree import CODE_FOLDERS, ROOT, python_files

pytestmark = pytest.mark.contract

MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 400
MAX_MEDIAN_LINES = 8
MAX_P90_LINES = 25
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "misc"}
ALL_FOLDERS = (*CODE_FOLDERS, "tests", "tools")
SOURCES = {path: ast.parse(path.read_text("utf-8")) for path in python_files(*ALL_FOLDERS)}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _functions(*folders: str) -> Iterator[tuple[str, int]]:
    for path in python_files(*folders):
        for node in ast.walk(SOURCES[path]):
            if isinstance(node, Function):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{_place(path, node)} {node.name}", lines


def _place(path: Path, node: ast.stmt | ast.expr | ast.ExceptHandler) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno}"


def test_functions_are_short() -> None:
    """No function is so long that it has to be scrolled."""
    assert [where for where, n in _functions(*ALL_FOLDERS) if n > MAX_FUNCTION_LINES] == []


def test_functions_are_short_as_a_rule() -> None:
    """Half of the product's functions fit in 8 lines, nine of ten in 25."""
    lengths = sorted(lines for _, lines in _functions(*CODE_FOLDERS))
    assert statistics.median(lengths) <= MAX_MEDIAN_LINES
    assert lengths[int(len(lengths) * 0.9)] <= MAX_P90_LINES


def test_files_are_short() -> None:
    """No file holds more than one subject's worth of lines."""
    counts = {path: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert [str(p.relative_to(ROOT)) for p, n in counts.items() if n > MAX_FILE_LINES] == []


def test_modules_are_named_by_their_subject() -> None:
    """A module called `utils` collects what nobody finds again."""
    assert [path for path in SOURCES if path.stem in VAGUE_NAMES] == []


@pytest.mark.parametrize("folder", ALL_FOLDERS)
def test_everything_public_is_documented(folder: str) -> None:
    """Each module, public class, public function and test says something its name does not."""
    missing = [
        _place(path, node)
        for path in python_files(folder)
        for node in _reachable(SOURCES[path])
        if not node.name.startswith("_") and ast.get_docstring(node) is None
    ]
    modules = [p for p in python_files(folder) if SOURCES[p].body and not _module_doc(p)]
    assert (missing, modules) == ([], [])


def _module_doc(path: Path) -> str | None:
    return ast.get_docstring(SOURCES[path])


def _reachable(node: ast.Module | ast.ClassDef) -> Iterator[Documented]:
    """Classes, functions and methods that others can call: not those inside functions."""
    for child in node.body:
        if isinstance(child, Documented):
            yield child
        if isinstance(child, ast.ClassDef):
            yield from _reachable(child)


def test_broad_excepts_log_or_pass_on() -> None:
    """Where everything is caught, at a boundary, the error is logged, kept or raised again."""
    silent = [
        _place(path, node)
        for path in python_files(*CODE_FOLDERS)
        for node in ast.walk(SOURCES[path])
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _speaks(node)
    ]
    assert silent == []


def _is_broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in kinds
    )


def _speaks(handler: ast.ExceptHandler) -> bool:
    nodes = [node for statement in handler.body for node in ast.walk(statement)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    names = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    kept = any(isinstance(node, ast.Name) and node.id == handler.name for node in nodes)
    return kept or "exception" in names or any(isinstance(node, ast.Raise) for node in nodes)
