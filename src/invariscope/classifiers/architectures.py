"""Architectures by name: each is a module, imported only when it is asked for (torchvision alone takes seconds).

A name is one of ours (the table below), `package.module:function` of the user's own, or else one of torchvision's.

An architecture module has `build(config, channels, size, classes) -> nn.Module`; `config` holds the keys of the
classifier's block in params.yaml that shape the network, `architecture` among them. It may have
`published_weights(config)`, by name, and `convert(config, tensors)`, which gives published tensors today's names.
"""

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

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
TORCHVISION = "invariscope.classifiers.torchvision_models"
OWN = "invariscope.classifiers.own_network"


def module_of(architecture: str) -> str:
    """The module that builds an architecture. Says nothing of whether torchvision, or the user, has it."""
    return OWN if is_own(architecture) else ARCHITECTURES.get(architecture, TORCHVISION)


def is_own(architecture: str) -> bool:
    """Whether an architecture is a function of the user's, `package.module:function`."""
    return ":" in architecture


def architecture_of(config: Mapping[str, Any]) -> ModuleType:
    """The module that builds `config`."""
    return import_module(module_of(config["architecture"]))


def build_network(config: Mapping[str, Any], channels: int, size: int, classes: int) -> "nn.Module":
    """The bare network, as torch initialises it (so from torch's global generator).

    Raises UserError if there is no such architecture, or it does not fit images (channels, size, size) and classes.
    """
    return architecture_of(config).build(config, channels, size, classes)


def empty_network(config: Mapping[str, Any], channels: int, size: int, classes: int) -> "nn.Module":
    """The bare network with whatever weights: they are about to be replaced.

    Ours are built without memory (on torch's meta device), for neither time nor random numbers are wasted so. Others
    may read numbers as they are built, as torchvision's RegNet does, or keep some outside their state.
    """
    import torch

    if config["architecture"] in ARCHITECTURES:
        with torch.device("meta"):
            network = build_network(config, channels, size, classes)
        return network.to_empty(device="cpu")
    with torch.random.fork_rng(devices=[]):
        return build_network(config, channels, size, classes)
