"""What the networks taken from torchvision share: the weights it publishes, and a first stride fit for small images."""

from math import ceil
from typing import Any

from torchvision.models import get_model_weights

from invariscope.classifiers.model_file import Normalisation

LARGEST_MAP = 32  # px: what a small stem leaves of a side, at most


def small_stride(size: int) -> int:
    """Stride of a small stem. Our choice: 1 up to 32 px, as is usual for CIFAR, 2 up to 64 px, and so on."""
    return ceil(size / LARGEST_MAP)


def scaled(channels: int, width: float) -> int:
    return max(1, round(channels * width))


def published_weights(architecture: str) -> dict[str, tuple[str, Normalisation]]:
    """Name -> address of the state dict, and the normalisation of the transforms that belong to it."""
    weights: Any = get_model_weights(architecture)
    transforms = {entry: entry.transforms() for entry in weights}
    return {
        entry.name: (entry.url, Normalisation(tuple(transform.mean), tuple(transform.std)))
        for entry, transform in transforms.items()
    }
