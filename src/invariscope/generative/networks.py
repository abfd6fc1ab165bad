"""What all autoencoders have in common, and the plain one of feature visualisation (paper 002, section 3.4): pooling in
the encoder, upsampling in the decoder, a latent without constraints between them.

Our choice where the paper is silent: the first and the last convolution work on blocks of 2 x 2 px as channels, which
makes large maps cheap; several dense layers before the decoder's maps, because six numbers must choose among shapes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from invariscope.errors import UserError

BLOCK = 2  # px a side, of the first and the last convolution
QUANTILES = 101


class Terms(NamedTuple):
    """What a batch costs an autoencoder; each a number."""

    total: Tensor  # what is descended, in the network's own unit
    error: Tensor  # mean squared error, of values in [0, 1]
    divergence: Tensor | None = None  # nats: of activations from the wanted ones, or of codes from the prior


class Coder(nn.Module):
    """Images (N, C, H, W) in [0, 1] to codes (N, d) and back.

    `quantiles` (QUANTILES, d) are those of the training codes, number by number, from the smallest to the largest.
    """

    quantiles: Tensor
    encoder: nn.Sequential
    decoder: nn.Sequential

    def __init__(self, network: str, channels: int, size: int, latent_dimension: int, **settings: Any) -> None:
        super().__init__()
        self.channels, self.size, self.latent_dimension = channels, size, latent_dimension
        self.description: dict[str, Any] = {"network": network, "channels": channels, "size": size, **settings}
        self.register_buffer("quantiles", torch.linspace(-1, 1, QUANTILES)[:, None].repeat(1, latent_dimension))

    @property
    def low(self) -> Tensor:
        """(d,), with `high` the box of training codes."""
        return self.quantiles[0]

    @property
    def high(self) -> Tensor:
        return self.quantiles[-1]

    def encode(self, x: Tensor) -> Tensor:
        """Codes (N, d) of images (N, C, H, W) in [0, 1]."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """Images (N, C, H, W) in [0, 1] of codes (N, d)."""
        return self.decoder(z).clamp(max=1.0)

    def terms(self, x: Tensor, random: Generator) -> Terms:
        """What a batch costs; `random` is for networks that draw their codes."""
        error = F.mse_loss(self.decoder(self.encoder(x)), x)
        return Terms(error, error)

    def draw(self, count: int, random: Generator) -> Tensor:
        """Codes (count, d) to make images of: each number by itself as training codes have it, whatever the others."""
        places = torch.rand(count, self.latent_dimension, generator=random).to(self.quantiles) * (QUANTILES - 1)
        below = places.long().clamp(max=QUANTILES - 2)
        return torch.lerp(self.quantiles.gather(0, below), self.quantiles.gather(0, below + 1), places - below)

    def start_at(self, mean: Tensor) -> None:
        """Take the mean of the training images (C, H, W), in [0, 1], as what is drawn when nothing is known."""

    def matrices(self) -> list[Tensor]:
        """Parameters that Muon trains. Kernels must have been flattened."""
        return []


class Autoencoder(Coder):
    """Without constraints on its codes."""

    encoder_outputs = 1  # numbers an element of the code

    def __init__(
        self,
        channels: int,
        size: int,
        latent_dimension: int,
        encoder_widths: Sequence[int],
        decoder_widths: Sequence[int],
        dense_width: int,
        dense_layers: int,
        output: str,
        network: str = "autoencoder",
    ) -> None:
        """Raises UserError if the size cannot be halved and doubled that often."""
        super().__init__(
            network,
            channels,
            size,
            latent_dimension,
            encoder_widths=list(encoder_widths),
            decoder_widths=list(decoder_widths),
            dense_width=dense_width,
            dense_layers=dense_layers,
            output=output,
        )
        self.description["latent_dimension"] = latent_dimension
        outputs = self.encoder_outputs * latent_dimension
        self.encoder = encoder(channels, size, outputs, encoder_widths, dense_width)
        self.decoder = decoder(channels, size, latent_dimension, decoder_widths, dense_width, dense_layers, output)

    def matrices(self) -> list[Tensor]:
        """All but what reads the code: its few columns are so many numbers, and no matrix in Muon's sense."""
        reader = next(module for module in self.decoder if isinstance(module, nn.Linear)).weight
        return [weight for weight in self.parameters() if weight.dim() == 2 and weight is not reader]


def encoder(channels: int, size: int, outputs: int, widths: Sequence[int], dense_width: int) -> nn.Sequential:
    """Raises UserError if pooling leaves nothing of an image."""
    side = size // BLOCK // 2 ** len(widths)
    if size % BLOCK or side < 1:
        raise UserError(
            f"encoder_widths: {list(widths)} needs images of an even size, {2 ** (len(widths) + 1)} px or more"
        )
    layers: list[nn.Module] = [nn.PixelUnshuffle(BLOCK)]
    inputs = channels * BLOCK**2
    for width in widths:
        layers += [
            nn.Conv2d(inputs, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        inputs = width
    dense = [
        nn.Flatten(),
        nn.Linear(inputs * side**2, dense_width),
        nn.ReLU(),
        nn.Linear(dense_width, outputs),
    ]
    return nn.Sequential(*layers, *dense)


def decoder(
    channels: int,
    size: int,
    latent_dimension: int,
    widths: Sequence[int],
    dense_width: int,
    dense_layers: int,
    output: str,
) -> nn.Sequential:
    """Raises UserError if doubling does not come out at the size."""
    doublings = BLOCK * 2 ** (len(widths) - 1)
    if size % doublings:
        raise UserError(
            f"decoder_widths: {list(widths)} needs images of a multiple of {doublings} px, and these have {size}"
        )
    side = size // doublings
    layers: list[nn.Module] = []
    inputs = latent_dimension
    for _ in range(dense_layers):
        layers += [nn.Linear(inputs, dense_width), nn.ReLU()]
        inputs = dense_width
    layers += [nn.Linear(inputs, widths[0] * side**2), nn.Unflatten(1, (widths[0], side, side))]
    layers += [nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, width in pairwise(widths):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(before, width, 3, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(width), nn.ReLU()]
    layers += [nn.Conv2d(widths[-1], channels * BLOCK**2, 3, padding=1), nn.PixelShuffle(BLOCK)]
    return nn.Sequential(*layers, nn.Sigmoid() if output == "sigmoid" else nn.ReLU())
