"""Images as they are stored, 0 to 255, and as networks take them, in [0, 1]."""

import torch
from torch import Tensor


def to_bytes(images: Tensor) -> Tensor:
    """Intensities in [0, 1] as uint8, of any shape; what lies outside is the nearest end."""
    return (images.clamp(0, 1) * 255).round().to(torch.uint8)


def from_bytes(images: Tensor) -> Tensor:
    """Intensities of uint8 in [0, 1], float32."""
    return images.float().div_(255)
