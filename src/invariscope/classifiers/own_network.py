"""The user's own network: a function `package.module:function` that gives it.

The module is imported from the working directory, or from what is installed. The function is called with the block's
`arguments`, and with those of `classes` (number of outputs), `channels` and `size` (px, of the images) that it has
parameters for. It gives an nn.Module that maps normalised images (N, channels, size, size) to logits (N, classes).
Its weights may be in it already; torch's random numbers are seeded while it runs.

Its code is run, at every step that needs the network. That of a weights file (`weights`) never is.
"""

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from invariscope.classifiers.dry_run import require_logits
from invariscope.errors import UserError, is_users, placed, told
from invariscope.params import build as build_config


@dataclass(frozen=True)
class OwnNetwork:
    architecture: str  # package.module:function
    arguments: Mapping[str, Any] = field(default_factory=dict)


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    """Raises UserError if there is no such function, it fails, or what it gives is no network of these images."""
    settings = build_config(OwnNetwork, config)
    with placed(f"architecture: {settings.architecture}"):
        function = find(settings.architecture)
        known = {"classes": classes, "channels": channels, "size": size}
        wanted = {name: value for name, value in known.items() if name in parameters_of(function)}
        try:
            network = function(**wanted | dict(settings.arguments))
        except Exception as error:  # whatever the user's code raises
            raise UserError(f"failed: {told(error)}") from None
        if not isinstance(network, nn.Module):
            raise UserError(f"gives a {type(network).__name__}; it must give a torch.nn.Module")
        require_logits(network, channels, size, classes)
        for name, value in network.state_dict().items():
            if not isinstance(value, Tensor):
                raise UserError(f"its state {name!r} is a {type(value).__name__}; a model file holds tensors only")
    return network


def find(architecture: str) -> Callable[..., Any]:
    """The function. Raises UserError if the module cannot be imported, or has no such function."""
    name, _, attribute = architecture.partition(":")
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)  # as `python -m` does, and the command `invariscope` does not
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise UserError(f"{name} cannot be imported: {told(error)}") from None
        raise UserError(f"no module {error.name!r} in {here}, nor among what is installed") from None
    except (Exception, SystemExit) as error:  # whatever the module does
        raise UserError(f"{name} cannot be imported: {told(error)}") from None
    function = getattr(module, attribute, None)
    if not callable(function):
        public = ", ".join(name for name, value in vars(module).items() if callable(value) and name[0] != "_")
        raise UserError(f"{module.__file__ or name} has no function {attribute!r}; it has {public or 'none'}")
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
