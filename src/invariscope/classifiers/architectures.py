"""Architectures by name: each is a module, imported only when it is asked for (torchvision alone takes seconds).

An architecture module has `build(config, channels, size, classes) -> nn.Module`; `config` holds the keys of the
classifier's block in params.yaml that shape the network, `architecture` among them.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from invariscope.errors import UserError

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES = {
    "five_conv": "invariscope.classifiers.five_conv",
    "five_conv_dense": "invariscope.classifiers.five_conv_dense",
    "alexnet": "invariscope.classifiers.alexnet",
    "resnet18": "invariscope.classifiers.resnet",
    "resnet34": "invariscope.classifiers.resnet",
    "resnet50": "invariscope.classifiers.resnet",
    "resnet101": "invariscope.classifiers.resnet",
    "resnet152": "invariscope.classifiers.resnet",
}


def architecture_of(config: Mapping[str, Any]) -> ModuleType:
    """The module that builds `config`. Raises UserError if there is no such architecture."""
    name = config.get("architecture")
    if name not in ARCHITECTURES:
        raise UserError(f"architecture: {name!r} is not known; use one of {', '.join(ARCHITECTURES)}")
    return import_module(ARCHITECTURES[name])


def build_network(config: Mapping[str, Any], channels: int, size: int, classes: int) -> "nn.Module":
    """The bare network, as torch initialises it (so from torch's global generator)."""
    return architecture_of(config).build(config, channels, size, classes)
