"""What a learned transformation is, in terms of the content of the picture: turns, scales, shear, shift; colours.

A warp says where content comes from, so content moves by the inverse. Its linear part is taken apart uniquely into
    M = rotation · shear · scales,    shear [[1, k], [0, 1]], scales diag(x, y),
as is the linear part of a colour matrix of three channels, relative to the grey axis: gain along it, and rotation
(of hue) and size (saturation) of what it makes of colours at right angles to it. Second-order terms are left out: they
vanish at the middle of the picture, where this describes the map.
"""

import math

import torch
from torch import Tensor

from invariscope.warp import Warp

# Quantity -> unit, and the value that changes nothing.
SPATIAL = {
    "rotation": ("degrees, + counter-clockwise as seen", 0.0),
    "scale_x": ("factor, > 1 wider", 1.0),
    "scale_y": ("factor, > 1 higher", 1.0),
    "shear": ("horizontal shift per height, + right going down", 0.0),
    "translation_x": ("fraction of the width, + right", 0.0),
    "translation_y": ("fraction of the height, + down", 0.0),
}
COLOUR = {
    "gain": ("factor of grey", 1.0),
    "offset": ("intensity, mean over channels", 0.0),
    "saturation": ("factor", 1.0),
    "hue": ("degrees, + from red to green", 0.0),
}


def decompose_space(warp: Warp) -> dict[str, Tensor]:
    """The quantities of SPATIAL (N,): first scales, then shear, then rotation, then translation."""
    content = torch.linalg.inv(warp.matrix[:, :, :2])  # (N, 2, 2)
    shift = -(content @ warp.matrix[:, :, 2:])[:, :, 0] / 2  # of what was in the middle; fractions of the picture
    angle, scale_x, shear, scale_y = triangular(content)
    return {
        "rotation": -angle,  # y points down
        "scale_x": scale_x,
        "scale_y": scale_y,
        "shear": shear,
        "translation_x": shift[:, 0],
        "translation_y": shift[:, 1],
    }


def decompose_colour(matrix: Tensor) -> dict[str, Tensor]:
    """The quantities of COLOUR (N,); saturation and hue of three channels only."""
    linear, offset = matrix[:, :, :-1], matrix[:, :, -1]
    channels = linear.shape[1]
    grey = linear.new_full((channels,), channels**-0.5)
    found = {"gain": torch.einsum("c,ncd,d->n", grey, linear, grey), "offset": offset.mean(dim=1)}
    if channels == 3:
        plane = linear.new_tensor([[2, -1, -1], [0, math.sqrt(3), -math.sqrt(3)]]) / math.sqrt(6)  # red, then to green
        chroma = plane @ linear @ plane.t()  # (N, 2, 2)
        angle, along, _, across = triangular(chroma)
        found |= {"saturation": (along * across.abs()).sqrt(), "hue": angle}
    return found


def triangular(linear: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Angle (degrees, first axis to second), first scale, shear, second scale (< 0: mirrored) of (N, 2, 2)."""
    first = linear[:, :, 0]
    angle, scale = torch.atan2(first[:, 1], first[:, 0]), first.norm(dim=1)
    cosine, sine = angle.cos(), angle.sin()
    second = linear[:, :, 1]
    across = cosine * second[:, 1] - sine * second[:, 0]
    along = cosine * second[:, 0] + sine * second[:, 1]
    return angle.rad2deg(), scale, along / across, across
