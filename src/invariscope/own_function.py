"""A function of the user's, named `package.module:function`: from the working directory, or from what is installed."""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from invariscope.errors import UserError, is_users, told


def call(name: str, arguments: Mapping[str, Any], offered: Mapping[str, Any]) -> Any:
    """What the function `name` gives, called with `arguments` and with those of `offered` that it has parameters for.

    Raises UserError if it is not there, or fails.
    """
    function = find(name)
    wanted = {key: value for key, value in offered.items() if key in parameters_of(function)}
    try:
        return function(**wanted | dict(arguments))
    except Exception as error:  # whatever the user's code raises
        raise UserError(f"failed: {told(error)}") from None


def find(name: str) -> Callable[..., Any]:
    """The function. Raises UserError if the module cannot be imported, or has no such function."""
    module_name, _, attribute = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does, and the command `invariscope` does not
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise UserError(f"{module_name} cannot be imported: {told(error)}") from None
        raise UserError(f"no module {error.name!r} in {here}, nor among what is installed") from None
    except (Exception, SystemExit) as error:  # whatever the module does
        raise UserError(f"{module_name} cannot be imported: {told(error)}") from None
    function = getattr(module, attribute, None)
    if not callable(function):
        public = ", ".join(name for name, value in vars(module).items() if callable(value) and name[0] != "_")
        raise UserError(f"{module.__file__ or module_name} has no function {attribute!r}; it has {public or 'none'}")
    return function


def parameters_of(function: Callable[..., Any]) -> set[str]:
    """The names that a function can be called with; none if it cannot be asked, as one written in C."""
    try:
        return set(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return set()


def source_files() -> list[Path]:
    """The user's own source files that are loaded."""
    files = [Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))]
    return sorted(path for path in set(files) if path.suffix == ".py" and is_users(path))
