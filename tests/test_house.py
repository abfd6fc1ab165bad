"""Rules of the house: files and functions seen at a glance, modules without circles, words for what is public."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCE = ROOT / "src"
PACKAGE = SOURCE / "invariscope"
LONGEST_FILE = 400  # lines
LONGEST_FUNCTION = 60  # lines, its docstring among them
PLAIN = 10  # lines of a function or class that may speak for itself

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def written_files() -> list[Path]:
    """All that people write and read as code; dvc.yaml is written by a step."""
    pages = [path for suffix in ("js", "css", "html") for path in PACKAGE.rglob(f"*.{suffix}")]
    rules = [*(ROOT / "workflow" / "rules").rglob("*.smk"), ROOT / "Snakefile"]
    return [*python_files("src", "tests", "benchmarks"), *pages, *rules]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path, node: Definition) -> str:
    return f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"


def lines_of(node: Definition) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


# --- lengths ----------------------------------------------------------------------------------------------------------


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in written_files()}
    assert lengths
    too_long = {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE}
    assert too_long == {}, "split it by meaning"


def test_no_function_is_too_long() -> None:
    functions = [
        (path, node)
        for path in python_files("src")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert functions
    too_long = {place(*found): lines_of(found[1]) for found in functions if lines_of(found[1]) > LONGEST_FUNCTION}
    assert too_long == {}, "split it by meaning"


# --- words ------------------------------------------------------------------------------------------------------------


def undocumented(path: Path) -> Iterator[str]:
    """Public functions and classes of a module that are no longer plain and say nothing of themselves.

    A step's `run` is described by its module, which the command line shows.
    """
    for node in tree_of(path).body:
        if isinstance(node, Definition) and not node.name.startswith("_") and lines_of(node) > PLAIN:
            described_by_module = path.parent.name == "steps" and node.name == "run"
            if not described_by_module and not ast.get_docstring(node):
                yield place(path, node)


def test_every_module_says_what_it_is() -> None:
    files = [path for path in python_files("src", "tests", "benchmarks") if tree_of(path).body]
    silent = [str(path.relative_to(ROOT)) for path in files if not ast.get_docstring(tree_of(path))]
    assert silent == []


def test_what_is_public_and_not_plain_says_what_it_does() -> None:
    assert [name for path in python_files("src") for name in undocumented(path)] == []


# --- imports ----------------------------------------------------------------------------------------------------------


def module_name(path: Path, source: Path) -> str:
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported: not those of functions, nor those for type checkers alone."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from executed(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in ("body", "orelse", "finalbody"):
                yield from executed(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from executed(handler.body)


def imported(tree: ast.Module, known: set[str]) -> set[str]:
    """The modules, among those known, that another needs to be imported itself."""
    found = set()
    for node in executed(tree.body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in known else node.module for name in inner}
    return found & known


def graph(source: Path) -> dict[str, set[str]]:
    """What each module below a folder imports from it."""
    trees = {module_name(path, source): ast.parse(path.read_text(encoding="utf-8")) for path in source.rglob("*.py")}
    return {name: imported(tree, set(trees)) for name, tree in trees.items()}


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import one another in a circle, if any do."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_modules_import_one_another_in_a_circle() -> None:
    found = graph(SOURCE)
    assert sum(map(len, found.values())) > len(found)
    assert cycle(found) == []


@pytest.mark.parametrize(
    ("back", "circle"),
    [
        ("import package.first", True),
        ("from package import first", True),
        ("try:\n    pass\nexcept ImportError:\n    from package.first import name", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.first import name", False),
        ("def late():\n    from package.first import name", False),
        ("import packages.first", False),
    ],
)
def test_a_circle_is_seen_where_it_would_run(tmp_path: Path, back: str, circle: bool) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "first.py").write_text("from package import second\nname = 1\n")
    (folder / "second.py").write_text(back + "\n")
    assert bool(cycle(graph(tmp_path))) == circle
