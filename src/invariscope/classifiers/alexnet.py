"""AlexNet as torchvision has it, with a stem for small images, and narrower if asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torchvision import models

from invariscope.classifiers.published import published_weights, scaled, small_stride
from invariscope.errors import UserError
from invariscope.params import build as build_config

__all__ = ["build", "published_weights"]
CHANNELS = {0: 64, 3: 192, 6: 384, 8: 256, 10: 256}  # of the convolutions of `features`
POOLINGS = 3  # each 3x3 with stride 2


@dataclass(frozen=True)
class AlexNet:
    architecture: str
    stem: str = "standard"  # torchvision's, for 224 px; `small` keeps enough of 28 to 64 px for three poolings
    width: float = 1.0  # factor on the channels of every convolution
    dense_width: int = 4096  # units of both hidden dense layers


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    """Raises UserError if the images are too small for the stem."""
    settings = build_config(AlexNet, config)
    with torch.device("meta"):  # all its weights are replaced: spare the time to draw 60 million
        network = models.AlexNet(num_classes=classes)
    stride = small_stride(size) if settings.stem == "small" else 4
    kernel, padding = (5, 2) if settings.stem == "small" else (11, 2)
    side = (size + 2 * padding - kernel) // stride + 1
    inputs = channels
    for index, full in CHANNELS.items():
        old: Any = network.features[index]
        outputs = scaled(full, settings.width)
        shape = (kernel, stride, padding) if index == 0 else (old.kernel_size, old.stride, old.padding)
        network.features[index] = nn.Conv2d(inputs, outputs, *shape)
        inputs = outputs
    for _ in range(POOLINGS):
        side = (side - 3) // 2 + 1
    if side < 1:
        raise UserError(f"stem: {settings.stem!r} leaves nothing of {size} px; use small, and 24 px or more")
    if settings.stem == "small":
        network.avgpool = nn.Identity()  # 6x6 would only repeat pixels
    else:
        side = 6
    network.classifier[1] = nn.Linear(inputs * side * side, settings.dense_width)
    network.classifier[4] = nn.Linear(settings.dense_width, settings.dense_width)
    network.classifier[6] = nn.Linear(settings.dense_width, classes)
    return network
