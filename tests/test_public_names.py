"""The names that `invariscope` offers: all there, told alike to Python and type checkers, loaded when asked for."""

import ast
import json
import pkgutil
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import invariscope
from invariscope.public import PUBLIC

HEAVY = {"torch", "torchvision", "numpy", "scipy", "pyarrow", "matplotlib", "jsonschema", "ruamel"}
ROOT = Path(__file__).parents[1]
STUB = Path(str(invariscope.__file__)).with_suffix(".pyi")

LOADED = "import json, sys; import invariscope; print(json.dumps([*sys.modules]))"
ONE_ASKED_FOR = "import json, sys; from invariscope import UserError; print(json.dumps([*sys.modules]))"


def modules_after(code: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def for_type_checkers() -> dict[str, str]:
    """Name -> module:attribute, of the imports of the stub."""
    imports = [node for node in ast.parse(STUB.read_text(encoding="utf-8")).body if isinstance(node, ast.ImportFrom)]
    return {str(alias.asname): f"{node.module}:{alias.name}" for node in imports for alias in node.names}


def test_python_and_type_checkers_are_told_the_same() -> None:
    assert for_type_checkers() == PUBLIC
    (listed,) = [node for node in ast.parse(STUB.read_text(encoding="utf-8")).body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed.value)) == sorted(PUBLIC) == sorted(invariscope.__all__)
    assert set(PUBLIC) <= set(dir(invariscope))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_what_its_module_has(name: str) -> None:
    module, _, attribute = PUBLIC[name].partition(":")
    assert getattr(invariscope, name) is getattr(import_module(module), attribute)
    assert getattr(invariscope, name).__doc__


def test_no_name_hides_a_module() -> None:
    modules = {module.name for module in pkgutil.iter_modules(invariscope.__path__)}
    assert {"screening", "filter_gan", "errors"} <= modules
    assert not modules & set(PUBLIC)


def test_a_name_that_is_not_offered_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'train'"):
        invariscope.train  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'evaluate'"):
        exec("from invariscope import evaluate")
    from invariscope import screening  # a submodule is still found

    assert screening.__name__ == "invariscope.screening"


def test_importing_the_package_loads_nothing_heavy() -> None:
    """Nor does one light name load what the others need."""
    for code in (LOADED, ONE_ASKED_FOR):
        tops = {name.partition(".")[0] for name in modules_after(code)}
        assert "invariscope" in tops and not tops & HEAVY
    own = {name for name in modules_after(ONE_ASKED_FOR) if name.startswith("invariscope")}
    assert own == {"invariscope", "invariscope.errors", "invariscope.public"}


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda path: path.stem
)
def test_what_pages_import_is_public(path: Path) -> None:
    for block in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("invariscope"):
                assert node.module == "invariscope"
                assert {alias.name for alias in node.names} <= set(PUBLIC)


def test_types_are_shipped() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {"py.typed", STUB.name} <= set(settings["tool"]["setuptools"]["package-data"]["invariscope"])
    assert STUB.with_name("py.typed").exists()
