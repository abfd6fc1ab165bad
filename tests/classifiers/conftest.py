"""Tiny data that a network can learn in a moment."""

import numpy as np
import pytest

from invariscope.data.table import Images


def bars(count: int, size: int = 12, channels: int = 1, seed: int = 0) -> Images:
    """Noisy images whose bright half tells the class: left, right, top, bottom."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    pixels = generator.integers(0, 100, (count, channels, size, size), dtype=np.uint8)
    half = size // 2
    for image, label in zip(pixels, labels, strict=True):
        window = [image[..., :half], image[..., half:], image[:, :half], image[:, half:]][label]
        window += 100
    return Images(np.arange(count), pixels, labels, ("left", "right", "top", "bottom"), {})


@pytest.fixture(scope="session")
def train_images() -> Images:
    return bars(96)


@pytest.fixture(scope="session")
def test_images() -> Images:
    return bars(40, seed=1)


@pytest.fixture(scope="session")
def block() -> dict[str, object]:
    """A classifier's block of params.yaml."""
    return {
        "architecture": "five_conv",
        "widths": [4, 4, 8, 8, 8],
        "pool_after": [1, 2],
        "batch_norm": True,
        "training": {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "weight_decay": 1e-4},
    }
