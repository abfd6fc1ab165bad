"""Many small images as one picture."""

import numpy as np

GAP = 2  # px between images


def mosaic(images: np.ndarray, row: np.ndarray, column: np.ndarray, gap: int = GAP) -> np.ndarray:
    """Images (N, C, H, W) uint8, grey or RGB, at their rows and columns (N,), on white: (H', W', 3)."""
    pictures = images.transpose(0, 2, 3, 1)
    height, width = pictures.shape[1] + gap, pictures.shape[2] + gap
    found = np.full(((row.max() + 1) * height - gap, (column.max() + 1) * width - gap, 3), 255, np.uint8)
    for picture, down, across in zip(pictures, row * height, column * width, strict=True):
        found[down : down + height - gap, across : across + width - gap] = picture[..., :3]
    return found
