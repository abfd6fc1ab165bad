"""One-parameter motions of images, and of the maps that layers make of them: the families of screening in time.

At time t a motion is the transformation whose magnitude is speed · t beyond the family's identity, so that units,
signs and centre are those of `screening.families`; translations are fractions of the width, the same in small maps as
in large ones. Nothing is clamped to [0, 1]: a clamp has no derivative where black ends.

Geometry resamples with Keys' cubic kernel. Our choice: his parameter is -1/2 (Catmull-Rom), for which the slope at the
centre of a pixel is the central difference, right for parabolas; -3/4, as screening and torch have it, makes it 1.5
times too steep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from invariscope.errors import UserError
from invariscope.screening import families
from invariscope.screening.families import FAMILIES
from invariscope.screening.transforms import Batch, intensity

CUBIC = -0.5
OFFSETS = (-1, 0, 1, 2)  # of the pixels that a cubic kernel reaches, from the one before the place
FILLS = (*families.FILLS, "circular")
STILL = ("gaussian_blur", "gaussian_noise")  # without a motion: one way only and at rest at first; random


@dataclass(frozen=True)
class Motion:
    """A family as a motion. Raises UserError for one that has none (blur, noise) or an unknown fill."""

    family: str
    fill: str = "reflection"  # what comes from beyond the edge, if the family fills; `circular`: the other end
    speed: float = 1.0  # units of the family a unit of time

    def __post_init__(self) -> None:
        moving = [name for name in FAMILIES if name not in STILL]
        if self.family not in moving:
            raise UserError(f"{self.family!r} is no one-parameter motion; use {', '.join(moving)}")
        if self.fill not in FILLS:
            raise UserError(f"fill: {self.fill!r} is none; use {', '.join(FILLS)}")

    @property
    def geometric(self) -> bool:
        """Whether it moves positions, and with them the maps of layers."""
        return FAMILIES[self.family].interpolates

    def moved(self, images: Tensor, time: float) -> Tensor:
        """Images, or maps if it is geometric, (N, C, H, W), as they are at a time; at 0 as they were."""
        if self.geometric:
            at = torch.tensor(time, dtype=torch.float64)
            weights, pixels = _weights(self, images.shape[2], images.shape[3], at)
            return _resampled(images, pixels, weights)
        return self._intensity(images, time)

    def velocity(self, images: Tensor) -> Tensor:
        """The derivative of `moved` by time at 0 (N, C, H, W), by forward-mode differentiation: exact, no step."""
        if self.geometric:  # the weights of the sum are differentiated; what is summed does not depend on time
            if (
                self.fill != "zeros"
            ):  # then the rates sum to 0: what is the same everywhere stands still to the last bit
                images = images - images[..., :1, :1]
            return _resampled(images, *_rates(self, images.shape[2], images.shape[3]))
        zero = images.new_zeros(())
        return torch.func.jvp(lambda time: self._intensity(images, time), (zero,), (torch.ones_like(zero),))[1]

    def carried(self, output: Tensor) -> Tensor:
        """How a layer's output moves if the layer is equivariant: maps as images do; else, and under intensities, not.

        (N, C) or (N, C, H, W). For what does not move equivariance is invariance.
        """
        return self.velocity(output) if self.geometric and output.dim() == 4 else torch.zeros_like(output)

    def _intensity(self, images: Tensor, time: float | Tensor) -> Tensor:
        return intensity(self.family, FAMILIES[self.family].identity + self.speed * time)(Batch(images, (), 0))


def _resampled(images: Tensor, pixels: Tensor, weights: Tensor) -> Tensor:
    """Every pixel of (N, C, H, W) the weighted sum of some: numbers and weights (H * W, taps)."""
    rows = images.flatten(2).flatten(0, 1).t().contiguous()  # (H * W, N * C)
    weights = weights.to(images.device, images.dtype)
    sums = functional.embedding_bag(pixels.to(images.device), rows, per_sample_weights=weights, mode="sum")
    return sums.t().reshape(images.shape)


@lru_cache(maxsize=256)
def _rates(motion: Motion, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Pixels, and the derivatives of their weights by time at 0, (H * W, taps) without the taps that stay at zero."""
    zero = torch.zeros((), dtype=torch.float64)
    found: Sequence[Tensor] = torch.func.jvp(
        lambda time: _weights(motion, height, width, time), (zero,), (torch.ones_like(zero),), has_aux=True
    )  # weights, rates, pixels
    _, rates, pixels = found
    used = (rates != 0).any(dim=0)
    used[0] = True
    return pixels[:, used].contiguous(), rates[:, used].contiguous()


def _weights(motion: Motion, height: int, width: int, time: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and numbers (H * W, 16) of the pixels that make up each pixel at a time."""
    row, row_weight = _taps(_sources(motion, height, width, time)[0], height, motion.fill)
    column, column_weight = _taps(_sources(motion, height, width, time)[1], width, motion.fill)
    weights = (row_weight[:, :, None] * column_weight[:, None, :]).flatten(1)
    return weights, (row[:, :, None] * width + column[:, None, :]).flatten(1)


def _sources(motion: Motion, height: int, width: int, time: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column (H * W,) from where the content of each pixel comes; the map of `screening.transforms`."""
    middle_down, middle_right = (height - 1) / 2, (width - 1) / 2
    down = (torch.arange(height, dtype=torch.float64) - middle_down).repeat_interleave(width)
    right = (torch.arange(width, dtype=torch.float64) - middle_right).repeat(height)
    family, amount = motion.family, motion.speed * time  # beyond the identity
    if family == "translation_x":
        right = right - amount * width
    elif family == "translation_y":
        down = down - amount * height
    elif family == "rotation":
        cosine, sine = torch.cos(torch.deg2rad(amount)), torch.sin(torch.deg2rad(amount))
        right, down = cosine * right - sine * down, sine * right + cosine * down
    else:  # scale_x, scale_y, zoom
        right = right if family == "scale_y" else right / (1 + amount)
        down = down if family == "scale_x" else down / (1 + amount)
    return down + middle_down, right + middle_right


def _taps(positions: Tensor, size: int, fill: str) -> tuple[Tensor, Tensor]:
    """Pixels (P, 4) along one axis and their weights, for positions (P,)."""
    first = positions.detach().floor()
    part = (positions - first)[:, None]
    weights = _cubic((part - torch.tensor(OFFSETS, dtype=part.dtype)).abs())
    pixels = first.long()[:, None] + torch.tensor(OFFSETS)
    return _filled(pixels, size, fill), weights * _lit(pixels, size, fill)


def _cubic(distance: Tensor) -> Tensor:
    """Keys' cubic convolution kernel, with a continuous slope."""
    near = (CUBIC + 2) * distance**3 - (CUBIC + 3) * distance**2 + 1
    far = CUBIC * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return torch.where(distance <= 1, near, torch.where(distance < 2, far, torch.zeros_like(far)))


def _filled(pixels: Tensor, size: int, fill: str) -> Tensor:
    """Pixels of the image in place of those beyond its edge."""
    if fill == "circular":
        return pixels % size
    if fill == "reflection":  # d c b a | a b c d | d c b a
        pixels = pixels % (2 * size)
        pixels = torch.where(pixels < size, pixels, 2 * size - 1 - pixels)
    return pixels.clamp(0, size - 1)


def _lit(pixels: Tensor, size: int, fill: str) -> Tensor:
    """1 where a pixel counts; 0 beyond the edge if the fill is `zeros`."""
    inside = (pixels >= 0) & (pixels < size)
    return inside.double() if fill == "zeros" else torch.ones_like(pixels, dtype=torch.float64)
