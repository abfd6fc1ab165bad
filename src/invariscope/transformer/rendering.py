"""Transformed images: a learned warp of positions, a matrix on colours, and the clamp that makes a picture of it.

Coordinates are those of `grid_sample` without aligned corners: the picture is the square [-1, 1]², x to the right, y
down, the centres of pixels at (2i + 1) / W - 1. A warp says for each pixel of the result where its content comes from
(Jaderberg et al. 2015), so a matrix that enlarges the coordinates makes the picture smaller.

Space comes first, then colour, so that what fills the edge changes colour with the rest. Last, values are clamped to
[0, 1]: the classifier sees a picture. The clamp is in the gradient as it is, not straight through: a value beyond the
range does not change what the classifier sees.
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
    grid = warp(pixel_centres(height, width, images.device)).reshape(len(images), height, width, 2)
    return F.grid_sample(images, grid, mode=interpolation, padding_mode=fill, align_corners=False)


def colour_images(images: Tensor, matrix: Tensor) -> Tensor:
    """Images (N, C, H, W), each under its own matrix (N, C, C + 1) on homogeneous colours; not clamped."""
    linear, offset = matrix[:, :, :-1], matrix[:, :, -1]
    return (linear @ images.flatten(2)).reshape(images.shape) + offset[:, :, None, None]


def render(images: Tensor, warp: Warp | None, colour: Tensor | None, fill: str, interpolation: str) -> Tensor:
    """Images (N, C, H, W) in [0, 1] -> the same, transformed; None leaves space or colour as it is, exactly."""
    if warp is not None:
        images = warp_images(images, warp, fill, interpolation)
    if colour is not None:
        images = colour_images(images, colour)
    return images.clamp(0, 1)


def spatial_displacement(warp: Warp, height: int, width: int) -> Tensor:
    """(N,): mean over the pixels of the distance to where their content comes from, as a fraction of the width."""
    centres = pixel_centres(height, width, warp.matrix.device).to(warp.matrix.dtype)
    moved = (warp(centres) - centres) / 2  # fractions of width and height
    return (moved * moved.new_tensor([1.0, height / width])).norm(dim=-1).mean(dim=1)


def colour_displacement(images: Tensor, matrix: Tensor) -> Tensor:
    """(N,): mean absolute change of the values of images (N, C, H, W) in [0, 1], after the clamp."""
    return (colour_images(images, matrix).clamp(0, 1) - images).abs().mean(dim=(1, 2, 3))
