"""The network for the shapes: five convolutions as in `five_conv`, pooling, then two dense layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from invariscope.classifiers.five_conv import FiveConv, convolutions
from invariscope.params import build as build_config


@dataclass(frozen=True)
class FiveConvDense(FiveConv):
    dense_width: int = 128  # units of the hidden dense layer


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    settings = build_config(FiveConvDense, config)
    layers, values = convolutions(settings, channels, size)
    layers["flatten"] = nn.Flatten()
    layers["dense1"] = nn.Linear(values, settings.dense_width)
    layers["relu6"] = nn.ReLU()
    layers["dense2"] = nn.Linear(settings.dense_width, classes)
    return nn.Sequential(layers)
