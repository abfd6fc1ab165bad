"""Transformed images: a learned warp of positions, a matrix on colours, and the clamp that makes a picture of it.

Space comes first, then colour, so that what fills the edge changes colour with the rest. Last, values are clamped to
[0, 1]: the classifier sees a picture. The clamp is in the gradient as it is, not straight through: a value beyond the
range does not change what the classifier sees.
"""

from torch import Tensor

from invariscope.warp import Warp, pixel_centres, warp_images


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
