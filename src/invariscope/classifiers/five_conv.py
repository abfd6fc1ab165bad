"""The paper's digit network: five convolutions, each with ReLU, batch norm and max-pooling on request, one read-out.

Our choice: the read-out sees the flattened map rather than its global average, which forgets where a stroke lies; a 6
and a 9 have the same parts.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from invariscope.errors import UserError
from invariscope.params import build as build_config

CONVOLUTIONS = 5


@dataclass(frozen=True)
class FiveConv:
    architecture: str
    widths: tuple[int, ...]  # channels of conv1..conv5
    pool_after: tuple[int, ...] = (1, 2, 4)  # numbers of the convolutions that a 2x2 max-pooling follows
    batch_norm: bool = True


def convolutions(config: FiveConv, channels: int, size: int) -> tuple["OrderedDict[str, nn.Module]", int]:
    """Layers conv1, norm1, relu1, pool1, ..., relu5, and how many values they make of an image of `size` x `size`.

    Raises UserError if the widths are not five or the pooling leaves nothing of the image.
    """
    if len(config.widths) != CONVOLUTIONS:
        raise UserError(f"widths: {list(config.widths)} must be {CONVOLUTIONS}, one a convolution")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate(config.widths, start=1):
        layers[f"conv{number}"] = nn.Conv2d(channels, width, 3, padding=1, bias=not config.batch_norm)
        if config.batch_norm:
            layers[f"norm{number}"] = nn.BatchNorm2d(width)
        layers[f"relu{number}"] = nn.ReLU()
        if number in config.pool_after:
            layers[f"pool{number}"] = nn.MaxPool2d(2)
            size //= 2
        channels = width
    if size < 1:
        raise UserError(f"pool_after: {list(config.pool_after)} leaves nothing of an image; pool less")
    return layers, channels * size * size


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    layers, values = convolutions(build_config(FiveConv, config), channels, size)
    return nn.Sequential(layers | {"flatten": nn.Flatten(), "readout": nn.Linear(values, classes)})
