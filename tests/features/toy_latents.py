"""Decoders and networks small enough to know what is best."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.features.objectives import CLASS, Objective, Probe, Unit


class Plain(nn.Module):
    """Images of one row: the latent code itself, so that an objective of pixels is one of the code."""

    def __init__(self, low: Sequence[float] = (0.0, 0.0), high: Sequence[float] = (1.0, 1.0)) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))

    def decode(self, z: Tensor) -> Tensor:
        return z[:, None, None]  # (N, 1, 1, d)


class Bowls(nn.Module):
    """An output for each centre (K, d): minus the squared distance of the pixels to it."""

    def __init__(self, centres: Sequence[Sequence[float]]) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.tensor(centres), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return -(x.flatten(1)[:, None] - self.centres).square().sum(2)


class Ramp(nn.Module):
    """What of the first pixel is above 0.6, by a rectifier; before that the gradient is exactly zero."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.tensor(0.6), requires_grad=False)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(x.flatten(1)[:, :1] - self.shift)


class SmallDecoder(nn.Module):
    """Codes (N, 3) -> images (N, 1, 8, 8) in [0, 1], with random weights."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            self.dense = nn.Linear(3, 4 * 4 * 4)
            self.relu = nn.ReLU()
            self.convolution = nn.Conv2d(4, 1, 3, padding=1)
        self.register_buffer("low", torch.tensor([-2.0, 0.0, 1.0]))
        self.register_buffer("high", torch.tensor([2.0, 3.0, 5.0]))
        self.requires_grad_(False)

    def decode(self, z: Tensor) -> Tensor:
        maps = self.relu(self.dense(z)).unflatten(1, (4, 4, 4))
        return self.convolution(F.interpolate(maps, scale_factor=2)).sigmoid()


def small_network() -> nn.Sequential:
    """Images (N, 1, 8, 8) -> four outputs, with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        network = nn.Sequential(
            nn.Conv2d(1, 5, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(5 * 9, 4)
        )
    return network.eval().requires_grad_(False)


def classes(network: nn.Module, count: int, shape: Sequence[int] = (1, 1, 2)) -> Probe:
    """The first outputs of a network as objectives."""
    return Probe(network, [Objective(((1.0, Unit(CLASS, number)),)) for number in range(count)], shape)


def small_probe(device: str | torch.device = "cpu") -> Probe:
    """Four outputs and two channels of the first layer."""
    units = [*(Unit(CLASS, number) for number in range(4)), Unit("0", 0), Unit("0", 1)]
    return Probe(small_network().to(device), [Objective(((1.0, unit),)) for unit in units], (1, 8, 8))
