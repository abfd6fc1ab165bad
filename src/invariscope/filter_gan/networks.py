"""The networks of the filter-GAN: a generator of filter banks, and a discriminator with a code head.

The shapes are our choice: the paper gives none.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

SLOPE = 0.2  # of the leaky ReLUs
SMALLEST_MAP = 4  # px: activations are halved until no side is longer
LARGE_MAP = 8  # px: larger ones are halved at once
STANDARDISED = 1e-3  # least standard deviation of a channel, as a share of the layer's: a dead channel stays finite


class MakesBanks(Protocol):
    """A generator, or what stands in its place as a control."""

    latent_dimension: int
    scale: Tensor  # on the device where banks are made

    def __call__(self, z: Tensor) -> Tensor: ...  # (N, d) -> (N, C_out, C_in, k, k)


class Generator(nn.Module):
    """Latent codes z (N, d) -> filter banks (N, C_out, C_in, k, k).

    At the start generated weights have the root mean square `initial_spread` times `scale`, the standard
    deviation of the real weights: variety comes first, and what all banks share is learned. (A random bank shared from
    the start stays in the directions that activations do not tell about, and was measured to cost accuracy.)
    """

    scale: Tensor

    def __init__(
        self,
        latent_dimension: int,
        width: int,
        bank_shape: Sequence[int],
        scale: float = 1.0,
        initial_spread: float = 1.0,
    ) -> None:
        super().__init__()
        self.latent_dimension = latent_dimension
        self.bank_shape = tuple(bank_shape)
        self.layers = nn.Sequential(
            nn.Linear(latent_dimension, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, width),
            nn.LeakyReLU(SLOPE),
            nn.Linear(width, math.prod(bank_shape)),
        )
        self.register_buffer("scale", torch.tensor(float(scale)))
        behind_activation = math.sqrt(2 / (1 + SLOPE**2))
        for position, gain in ((0, 1.0), (2, behind_activation), (4, initial_spread * behind_activation)):
            _initialise(self.layers[position], gain)

    def forward(self, z: Tensor) -> Tensor:
        return self.scale * self.layers(z).unflatten(1, self.bank_shape)


def _initialise(layer: nn.Module, gain: float) -> None:
    """Variance gain² out for unit variance in, or for what a leaky ReLU leaves of it if `gain` makes up for that."""
    assert isinstance(layer, nn.Linear)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.in_features))
    nn.init.zeros_(layer.bias)


class Discriminator(nn.Module):
    """Activations (N, C, H, W) -> the logit of being real (N,), and a guess of the latent code (N, d).

    The two share all layers but the last. Every channel is standardised first, by the real activations' mean and
    standard deviation (our choice: then one learning rate suits any layer). Spectral norm, if on, bounds all that the
    logit passes through; the code head is a regression and stays free.
    """

    mean: Tensor  # (1, C, 1, 1)
    std: Tensor

    def __init__(self, real: Tensor, latent_dimension: int, width: int, normalised: bool) -> None:
        """`real` is a batch of real activations."""
        super().__init__()
        bound = spectral_norm if normalised else lambda layer: layer
        self.register_buffer("mean", real.mean((0, 2, 3), keepdim=True))
        self.register_buffer("std", real.std((0, 2, 3), keepdim=True).clamp_min(STANDARDISED * float(real.std())))
        channels, height, size = real.shape[1:]
        stride = 2 if max(height, size) > LARGE_MAP else 1
        layers: list[nn.Module] = [bound(nn.Conv2d(channels, width, 3, stride=stride, padding=1)), nn.LeakyReLU(SLOPE)]
        height, size = -(-height // stride), -(-size // stride)
        while max(height, size) > SMALLEST_MAP:
            layers += [bound(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)), nn.LeakyReLU(SLOPE)]
            width, height, size = 2 * width, (height + 1) // 2, (size + 1) // 2
        hidden = 4 * width
        layers += [nn.Flatten(), bound(nn.Linear(width * height * size, hidden)), nn.LeakyReLU(SLOPE)]
        self.shared = nn.Sequential(*layers)
        self.real_head = bound(nn.Linear(hidden, 1))
        self.code_head = nn.Linear(hidden, latent_dimension)

    def forward(self, activations: Tensor) -> tuple[Tensor, Tensor]:
        features = self.shared((activations - self.mean) / self.std)
        return self.real_head(features).squeeze(1), self.code_head(features)
