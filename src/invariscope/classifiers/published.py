"""What the networks taken from torchvision share: the weights it publishes, and a first stride fit for small images."""

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Published:
    """Weights that torchvision publishes: where, and the transforms of images that belong to them."""

    address: str  # of the state dict
    normalisation: Normalisation
    crop: int  # px: width and height of the images


def published_weights(config: Mapping[str, Any]) -> dict[str, Published]:
    """Name -> what torchvision publishes for an architecture."""
    weights: Any = get_model_weights(config["architecture"])
    transforms = {entry: entry.transforms() for entry in weights}
    return {
        entry.name: Published(
            entry.url, Normalisation(tuple(transform.mean), tuple(transform.std)), int(transform.crop_size[0])
        )
        for entry, transform in transforms.items()
    }
