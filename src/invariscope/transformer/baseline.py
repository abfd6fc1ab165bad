"""The baseline: random transformations that displace every image exactly as far as the learned one does.

Space: I + cR, the entries of R (2, 3), or (2, 6) where second-order terms are learned, standard normal. Displacement is
the mean of |cR (p, 1)|, so it is c times that of I + R: c is known in closed form. Colour: I + cR, R (C, C + 1)
likewise: a value x goes to x + c d, but no further than black or white, so displacement is the mean of
min(c |d|, room). That is concave in c, so Newton's steps from 0 never overshoot and end exactly. Where no c is enough
(all that can move is dark already), R changes sign, as it might have been drawn.
"""

import torch
from torch import Tensor

from invariscope.transformer.rendering import colour_images, spatial_displacement
from invariscope.warp import Warp

STEPS = 50  # of Newton's, at most: about five do
CLOSE = 1e-13  # to the displacement wanted, intensity


def random_warps(direction: Tensor, displacement: Tensor, height: int, width: int) -> Warp:
    """Maps along `direction` (N, 2, 3 or 6), with displacements (N,) in fractions of the width."""
    identity = torch.eye(2, 3, dtype=direction.dtype)
    matrix, bend = direction[:, :, :3], direction[:, :, 3:]
    there = spatial_displacement(Warp(identity + matrix, bend if bend.shape[2] else None), height, width)
    factor = (displacement / there)[:, None, None]
    return Warp(identity + factor * matrix, factor * bend if bend.shape[2] else None)


def random_colours(direction: Tensor, displacement: Tensor, images: Tensor) -> Tensor:
    """Colour matrices (N, C, C + 1) along `direction` or against it that change images (N, C, H, W) by so much."""
    identity = torch.eye(*direction.shape[1:], dtype=direction.dtype)
    change = colour_images(images, direction)  # (N, C, H, W)
    room = torch.where(change > 0, 1 - images, images) * (change != 0)
    backwards = room.mean(dim=(1, 2, 3)) <= displacement
    opposite = torch.where(change < 0, 1 - images, images) * (change != 0)
    room = torch.where(backwards[:, None, None, None], opposite, room)
    speed = change.abs()
    factor = torch.zeros_like(displacement)
    for _ in range(STEPS):
        free = factor[:, None, None, None] * speed
        slope = (speed * (free < room)).mean(dim=(1, 2, 3))
        short = (displacement - torch.minimum(free, room).mean(dim=(1, 2, 3))).clamp(min=0)
        if short.max() < CLOSE:
            break
        factor = factor + torch.where(slope > 0, short / slope.clamp(min=1e-12), 0.0)
    signed = torch.where(backwards, -factor, factor)
    return identity + signed[:, None, None] * direction
