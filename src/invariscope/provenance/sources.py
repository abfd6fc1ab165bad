"""The source files that a step runs, read from its imports without importing anything."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "invariscope"
ROOT = Path("src")


def code_of(step: str, *modules: str) -> list[str]:
    """The files of a step and of `modules` that it loads by name, with all that they import from the package."""
    seen: set[Path] = set()
    todo = [f"{PACKAGE}.steps.{step}", *modules]
    while todo:
        path = _file(todo.pop())
        if path is not None and path not in seen:
            seen.add(path)
            todo += _imports(path)
    return sorted(path.as_posix() for path in seen)


@cache
def declared_params(step: str) -> dict[str, str]:
    """The PARAMS of a step: name -> dotted key with wildcards in braces."""
    tree = ast.parse((ROOT / PACKAGE / "steps" / f"{step}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "PARAMS":
            return ast.literal_eval(node.value)
    return {}


def _file(module: str) -> Path | None:
    """The file of a module; None for what is not a module of the package."""
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    return tuple(_walk(ast.parse(path.read_text())))


def _walk(tree: ast.AST) -> Iterator[str]:
    """Every module of the package that is imported, and the packages around it, whose __init__ runs too."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE:
                yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
