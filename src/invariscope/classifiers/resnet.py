"""Residual networks as torchvision has them, with a stem for small images, and narrower if asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from invariscope.classifiers.published import published_weights, scaled, small_stride
from invariscope.params import build as build_config

__all__ = ["build", "published_weights"]
BLOCKS: dict[str, tuple[type[BasicBlock | Bottleneck], list[int]]] = {
    "resnet18": (BasicBlock, [2, 2, 2, 2]),
    "resnet34": (BasicBlock, [3, 4, 6, 3]),
    "resnet50": (Bottleneck, [3, 4, 6, 3]),
    "resnet101": (Bottleneck, [3, 4, 23, 3]),
    "resnet152": (Bottleneck, [3, 8, 36, 3]),
}
STEM_CHANNELS, LAST_PLANES = 64, 512


@dataclass(frozen=True)
class Residual:
    architecture: str
    stem: str = "standard"  # torchvision's 7x7 and max-pooling, for 224 px; `small` is one 3x3 convolution
    width: float = 1.0  # factor on the channels of every layer


class ScaledResNet(ResNet):
    """torchvision's network with all channels times `width`."""

    def __init__(self, settings: Residual, channels: int, size: int, classes: int) -> None:
        self.width = settings.width
        block, layers = BLOCKS[settings.architecture]
        super().__init__(block, layers, num_classes=classes)
        stem = scaled(STEM_CHANNELS, self.width)
        if settings.stem == "small":
            self.conv1 = nn.Conv2d(channels, stem, 3, small_stride(size), padding=1, bias=False)
            self.maxpool = nn.Identity()
        else:
            self.conv1 = nn.Conv2d(channels, stem, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.bn1 = nn.BatchNorm2d(stem)
        self.fc = nn.Linear(scaled(LAST_PLANES, self.width) * block.expansion, classes)

    def _make_layer(self, block: Any, planes: int, *arguments: Any, **options: Any) -> nn.Sequential:
        if planes == STEM_CHANNELS:  # the first of the four
            self.inplanes = scaled(STEM_CHANNELS, self.width)
        return super()._make_layer(block, scaled(planes, self.width), *arguments, **options)


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    return ScaledResNet(build_config(Residual, config), channels, size, classes)
