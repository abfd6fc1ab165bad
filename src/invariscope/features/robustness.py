"""Transformation robustness: at every step the network sees each image moved by a draw of its own (METHODS 5).

The draw lies inside the gradient and is never written back into the image. An image's draws come from its own
generator, so they do not depend on which others it is optimised with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from invariscope.warp import Warp, warp_images

LUCID_SIZE, LUCID_JITTER = 224, 12  # px: the images that lucid's stack was made for, and its two shifts together
PAPER_SIZE, PAPER_JITTER = 48, 20  # px: paper 002, section 3.3


@dataclass(frozen=True)
class Robustness:
    """From where to where each draw lies: first a shift in whole px, then a turn and a change of size about the middle.

    The default moves nothing, and then images pass as they are, bit for bit.
    """

    jitter: tuple[int, int] = (0, 0)  # px, + right and + down; each axis drawn by itself
    rotation: tuple[float, float] = (0.0, 0.0)  # degrees, + counter-clockwise as seen
    scale: tuple[float, float] = (1.0, 1.0)  # factor
    fill: Literal["zeros", "border", "reflection"] = "zeros"  # beyond the edge
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"

    @property
    def moves(self) -> bool:
        return (self.jitter, self.rotation, self.scale) != ((0, 0), (0.0, 0.0), (1.0, 1.0))


def paper(size: int) -> Robustness:
    """Jitter of 0 to 20 px of 48 and any rotation (paper 002, section 3.3), scaled to the size of images."""
    return Robustness(jitter=(0, round(PAPER_JITTER * size / PAPER_SIZE)), rotation=(0.0, 360.0))


def lucid(size: int) -> Robustness:
    """Lucid's gentler stack, scaled to the size of images: jitter of 12 px of 224, 10 degrees, a tenth of the size."""
    most = round(LUCID_JITTER * size / LUCID_SIZE)
    return Robustness(jitter=(-most, most), rotation=(-10.0, 10.0), scale=(0.9, 1.1))


def draws(robustness: Robustness, generators: Sequence[Generator], steps: int, size: tuple[int, int]) -> Tensor:
    """(steps, N, 2, 3): for every step and image of `size` (H, W) px the map of a `Warp`."""
    uniform = torch.stack([torch.rand(steps, 4, generator=random, dtype=torch.float64) for random in generators], dim=1)
    low, high = robustness.jitter
    shift = (low + ((high - low + 1) * uniform[..., :2]).floor()) * 2 / torch.tensor(size).flip(0)  # (steps, N, 2) x, y
    angle = torch.deg2rad(_between(robustness.rotation, uniform[..., 2]))
    factor = _between(robustness.scale, uniform[..., 3])
    cosine, sine = angle.cos() / factor, angle.sin() / factor
    tall = size[0] / size[1]  # a turn is one in px, and coordinates go from -1 to 1 along both sides
    turn = torch.stack([cosine, -sine * tall, sine / tall, cosine], dim=-1).unflatten(-1, (2, 2))
    return torch.cat([turn, -shift[..., None]], dim=-1).float()


def move(images: Tensor, matrices: Tensor, robustness: Robustness) -> Tensor:
    """Images (N, C, H, W) as a step's draws (N, 2, 3) show them."""
    if not robustness.moves:
        return images
    return warp_images(images, Warp(matrices.to(images)), robustness.fill, robustness.interpolation)


def _between(ends: tuple[float, float], uniform: Tensor) -> Tensor:
    return ends[0] + (ends[1] - ends[0]) * uniform
