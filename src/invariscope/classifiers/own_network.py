"""The user's own network: a function `package.module:function` that gives it.

The module is imported from the working directory, or from what is installed. The function is called with the block's
`arguments`, and with those of `classes` (number of outputs), `channels` and `size` (px, of the images) that it has
parameters for. It gives an nn.Module that maps normalised images (N, channels, size, size) to logits (N, classes).
Its weights may be in it already; torch's random numbers are seeded while it runs.

Its code is run, at every step that needs the network. That of a weights file (`weights`) never is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from invariscope import own_function
from invariscope.classifiers.dry_run import require_logits
from invariscope.errors import UserError, placed
from invariscope.params import build as build_config


@dataclass(frozen=True)
class OwnNetwork:
    architecture: str  # package.module:function
    arguments: Mapping[str, Any] = field(default_factory=dict)


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    """Raises UserError if there is no such function, it fails, or what it gives is no network of these images."""
    settings = build_config(OwnNetwork, config)
    with placed(f"architecture: {settings.architecture}"):
        known = {"classes": classes, "channels": channels, "size": size}
        network = own_function.call(settings.architecture, settings.arguments, known)
        if not isinstance(network, nn.Module):
            raise UserError(f"gives a {type(network).__name__}; it must give a torch.nn.Module")
        require_logits(network, channels, size, classes)
        for name, value in network.state_dict().items():
            if not isinstance(value, Tensor):
                raise UserError(f"its state {name!r} is a {type(value).__name__}; a model file holds tensors only")
    return network
