"""Small networks whose invariances are known by construction, and images for them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def pictures(count: int, size: int = 8, channels: int = 1, seed: int = 0, smoothed: int = 1) -> Tensor:
    """Random images (N, C, size, size) float64 in [0, 1], smoothed so many times."""
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(count, channels, size, size, generator=generator, dtype=torch.float64)
    for _ in range(smoothed):
        images = (images + images.roll(1, 2) + images.roll(1, 3) + images.roll((1, 1), (2, 3))) / 4
    return images


def drawn(build: Callable[[], nn.Module], seed: int = 0) -> nn.Module:
    """A network in double precision and eval mode, with weights of a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build().double().eval()


class Constant(nn.Module):
    """Says the same of every image, after a layer that does so in every place."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3, padding=1)
        self.dense = nn.Linear(3, 2)
        nn.init.zeros_(self.conv.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.dense(self.conv(x).mean((2, 3)))


class Circular(nn.Sequential):
    """Convolutions that wrap around the edge, then a mean over all places: every circular shift is ignored."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.add_module("conv", nn.Conv2d(channels, 5, 3, padding=1, padding_mode="circular"))
        self.add_module("square", Square())
        self.add_module("pool", nn.AdaptiveAvgPool2d(1))
        self.add_module("flatten", nn.Flatten())
        self.add_module("dense", nn.Linear(5, 4))


class Square(nn.Module):
    """Smooth, so that no kink disturbs a finite difference; works in place to see whether readers mind."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mul_(x + 0.5)


class Plain(nn.Sequential):
    """An ordinary small network without any invariance."""

    def __init__(self, channels: int = 1, size: int = 8) -> None:
        super().__init__()
        self.add_module("conv1", nn.Conv2d(channels, 4, 3, padding=1))
        self.add_module("norm1", nn.BatchNorm2d(4))
        self.add_module("relu1", nn.ReLU(inplace=True))
        self.add_module("pool1", nn.MaxPool2d(2))
        self.add_module("conv2", nn.Conv2d(4, 6, 3, padding=1))
        self.add_module("relu2", nn.ReLU(inplace=True))
        self.add_module("flatten", nn.Flatten())
        self.add_module("dense1", nn.Linear(6 * (size // 2) ** 2, 7))
        self.add_module("relu3", nn.ReLU(inplace=True))
        self.add_module("dense2", nn.Linear(7, 3))


class QuarterTurns(nn.Module):
    """A network's mean over the four quarter turns of its images: blind to them, not to other turns."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.average = _Average(network)

    def forward(self, x: Tensor) -> Tensor:
        return self.average(x)


class _Average(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.inner = network

    def forward(self, x: Tensor) -> Tensor:
        turned = [self.inner(x.rot90(turns, (2, 3))) for turns in range(4)]
        return ((turned[0] + turned[2]) + (turned[1] + turned[3])) / 4  # the same to the last bit for a turned image


class Translations(nn.Module):
    """A network's mean over all circular shifts of its images."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.inner = network

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[-1]
        shifts = [(down, right) for down in range(size) for right in range(size)]
        return torch.stack([self.inner(x.roll(shift, (2, 3))) for shift in shifts]).mean(dim=0)
