"""The source files that a step runs, read from its imports without importing anything.

They are those of the package and, for a network of the user's own, those of the working directory that it imports.
"""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from invariscope.errors import UserError
from invariscope.public import PUBLIC

PACKAGE = "invariscope"
ROOT = Path("src")
PLACES = (Path(), ROOT)  # where a step looks for a module before the installed ones


def code_of(step: str, *modules: str) -> list[str]:
    """The files of a step and of `modules` that it loads by name, with all that they import from the project."""
    return closure(f"{PACKAGE}.steps.{step}", *modules)


def closure(*modules: str) -> list[str]:
    """The files of modules, with all that they import from the project, packages' `__init__` included."""
    missing = [module for module in modules if _file(module) is None]
    if missing:
        raise UserError(f"{missing[0]}: no such module under {ROOT}; its rule names it as code")
    seen: set[Path] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        path = _file(module)
        if path is not None and path not in seen:
            seen.add(path)
            todo += _imports(path, module)
    return sorted(path.as_posix() for path in seen)


@cache
def declared_params(step: str) -> dict[str, str]:
    """The PARAMS of a step: name -> dotted key with wildcards in braces."""
    path = _file(f"{PACKAGE}.steps.{step}")
    if path is None:
        raise UserError(f"{PACKAGE}.steps.{step}: no such module under {ROOT}; its rule asks for its PARAMS")
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "PARAMS":
            return ast.literal_eval(node.value)
    return {}


def is_here(module: str) -> bool:
    """Whether a module is a file of the project."""
    return _file(module) is not None


def is_missing(module: str) -> bool:
    """Whether a module is neither a file of the project nor in an installed package, as far as its top folder tells."""
    top = module.partition(".")[0]
    ours = _file(top) is not None or any((place / top).is_dir() for place in PLACES)
    return not is_here(module) and (ours or top == "__main__" or find_spec(top) is None)


@cache
def _file(module: str) -> Path | None:
    """The file of a module; None for what is not a module of the project."""
    bases = [place.joinpath(*module.split(".")) for place in PLACES]
    files = [path for base in bases for path in (base / "__init__.py", base.with_suffix(".py"))]
    return next((path for path in files if path.exists()), None)


@cache
def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise UserError(f"{path}: line {error.lineno}: {error.msg}; mend it first") from None


@cache
def _imports(path: Path, module: str) -> tuple[str, ...]:
    """Every module that a file may import from the project, and the packages around each: their `__init__` runs too.

    The package imports nothing of the user's by name.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for name in _names(_tree(path), package.split(".")):
        parts = name.split(".")
        if parts[0] == PACKAGE or module.partition(".")[0] != PACKAGE:
            found |= {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return tuple(sorted(found))


def _names(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """What is imported: modules, and names that may be modules. `package` is where a relative import starts.

    A public name of the package stands for the module that it is loaded from.
    """
    for node in _that_run(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)
            yield from (_public(alias.name) for alias in node.names if origin == PACKAGE)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == PACKAGE:
            yield _public(node.attr)


def _that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree without those under `if TYPE_CHECKING:`, which no interpreter runs."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            todo += node.orelse
        else:
            todo += ast.iter_child_nodes(node)


def _public(name: str) -> str:
    """The module behind a public name; the package for any other."""
    return PUBLIC.get(name, PACKAGE).partition(":")[0]
