"""Images resampled under maps of positions, an image its own.

Coordinates are those of `grid_sample` without aligned corners: the picture is the square [-1, 1]², x to the right, y
down, the centres of pixels at (2i + 1) / W - 1. A warp says for each pixel of the result where its content comes from
(Jaderberg et al. 2015), so a matrix that enlarges the coordinates makes the picture smaller.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Warp:
    """Where the content of each pixel comes from, one map an image: (x, y) -> A (x, y, 1) + B (x², xy, y²)."""

    matrix: Tensor  # A (N, 2, 3)
    bend: Tensor | None = None  # B (N, 2, 3); None is all zeros

    def __call__(self, points: Tensor) -> Tensor:
        """Points (P, 2), or (N, P, 2) of each map its own -> (N, P, 2)."""
        moved = homogeneous(points) @ self.matrix.transpose(1, 2)
        if self.bend is None:
            return moved
        x, y = points.unbind(-1)
        return moved + torch.stack([x * x, x * y, y * y], dim=-1) @ self.bend.transpose(1, 2)

    def to(self, device: torch.device, dtype: torch.dtype) -> "Warp":
        return Warp(self.matrix.to(device, dtype), None if self.bend is None else self.bend.to(device, dtype))


def homogeneous(points: Tensor) -> Tensor:
    """(..., D) -> (..., D + 1), the last one 1."""
    return torch.cat([points, torch.ones_like(points[..., :1])], dim=-1)


def pixel_centres(height: int, width: int, device: torch.device | None = None) -> Tensor:
    """(H * W, 2): x and y, row after row."""
    y = (2 * torch.arange(height, device=device) + 1) / height - 1
    x = (2 * torch.arange(width, device=device) + 1) / width - 1
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=1)


def warp_images(images: Tensor, warp: Warp, fill: str, interpolation: str) -> Tensor:
    """Images (N, C, H, W), each under its own map."""
    height, width = images.shape[2:]
    grid = warp(pixel_centres(height, width).to(warp.matrix)).reshape(len(images), height, width, 2)
    return F.grid_sample(images, grid, mode=interpolation, padding_mode=fill, align_corners=False)
