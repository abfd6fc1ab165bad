"""scikit-learn's bundled real handwriting: 1797 digits of 8x8 px, enlarged smoothly to 28x28."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from invariscope.data.splits import split_by_share
from invariscope.data.table import Images
from invariscope.params import build
from invariscope.seeding import numpy_generator

SIZE = 28
WHITE = 16.0  # of the originals


@dataclass(frozen=True)
class Config:
    source: str
    test_share: float


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> dict[str, Images]:
    """`train` and `test` images, split by class. `data_root` is not needed."""
    from sklearn.datasets import load_digits

    wanted = build(Config, config)
    digits = load_digits()
    labels = digits.target.astype(np.int64)
    pixels = np.rint(enlarged(digits.images / WHITE, SIZE) * 255).astype(np.uint8)[:, None]
    names = tuple(str(name) for name in digits.target_names)
    generator = numpy_generator(seed, "digits_8x8")
    parts = split_by_share(labels, {"test": wanted.test_share}, names, generator)
    return {split: Images(rows, pixels[rows], labels[rows], names, {}) for split, rows in parts.items()}


def enlarged(images: np.ndarray, size: int) -> np.ndarray:
    """(N, H, W) in [0, 1] -> (N, size, size), by cubic splines."""
    from scipy.ndimage import zoom

    _, height, width = images.shape
    factors = (1, size / height, size / width)
    return np.clip(zoom(images, factors, order=3, mode="nearest", grid_mode=True), 0, 1)
