"""Transformations of image batches: whole batches at once, on their device, the same for every batch size.

A geometric family moves pixel centres about the centre of the image, and its magnitude is the same for all images of
a batch. So resampling is one weighted sum of a few pixels a pixel, whose places and weights are computed once, in
float64: quarter turns and whole-pixel shifts come out exact. Shrinking does not smooth first (our choice: the blur
would be a second transformation).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from invariscope.runtime import torch_generator
from invariscope.screening.config import Rendering
from invariscope.screening.families import FAMILIES

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
CUBIC = -0.75  # of Keys' family of kernels, the one of torch and OpenCV
TRUNCATE = 4.0  # standard deviations at which a Gaussian ends, as in SciPy


@dataclass(frozen=True)
class Batch:
    """Images, and, once needed, their noise, and themselves as one row a pixel."""

    images: Tensor  # (N, C, H, W) in [0, 1]
    ids: Sequence[int]  # of the images, or of the first of them: the rest only fill up the batch
    seed: int

    @cached_property
    def noise(self) -> Tensor:
        """(N, C, H, W), standard normal, as images of these ids have it in any batch."""
        noise = torch.zeros_like(self.images)
        noise[: len(self.ids)] = draw_noise(self.ids, tuple(self.images.shape[1:]), self.seed).to(noise.device)
        return noise

    @cached_property
    def rows(self) -> Tensor:
        return self.images.flatten(2).flatten(0, 1).t().contiguous()  # (H * W, N * C)


Transform = Callable[[Batch], Tensor]


def transform(
    images: Tensor, ids: Sequence[int], family: str, magnitude: float, rendering: Rendering, seed: int = 0
) -> Tensor:
    """`images` (N, C, H, W) in [0, 1] transformed. `ids` seed the noise: it goes with the image, not with its place."""
    shape = (images.shape[1], images.shape[2], images.shape[3])
    return prepare(family, magnitude, shape, rendering, images.device)(Batch(images, ids, seed))


def draw_noise(ids: Sequence[int], shape: tuple[int, ...], seed: int) -> Tensor:
    """Standard normal noise (N, *shape), one stream an image id: all magnitudes share it, so that curves are smooth."""
    return torch.stack([torch.randn(shape, generator=torch_generator(seed, "noise", int(id))) for id in ids])


def prepare(
    family: str, magnitude: float, shape: tuple[int, ...], rendering: Rendering, device: torch.device
) -> Transform:
    """The transformation of batches of (C, H, W) images. The identity returns the images themselves."""
    channels, height, width = shape
    if magnitude == FAMILIES[family].identity or (family == "grayscale" and channels == 1):
        return lambda batch: batch.images
    if FAMILIES[family].interpolates:
        moved = _resampling(*_sources(family, magnitude, height, width), rendering, (height, width), device)
    elif family == "gaussian_blur":
        moved = _blur(magnitude, rendering.fill, (height, width), device)
    else:
        moved = intensity(family, magnitude)
    return (lambda batch: moved(batch).clamp_(0, 1)) if rendering.clamp else moved


# --- geometry ---------------------------------------------------------------------------------------------------------


def _sources(family: str, magnitude: float, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Row and column (H, W) in the original of what lands on each pixel. Rounded, so that whole pixels are whole."""
    down = np.arange(height)[:, None] - (height - 1) / 2  # from the centre of the image
    right = np.arange(width)[None, :] - (width - 1) / 2
    if family == "translation_x":
        right = right - magnitude * width
    elif family == "translation_y":
        down = down - magnitude * height
    elif family == "rotation":
        cosine, sine = np.cos(np.deg2rad(magnitude)), np.sin(np.deg2rad(magnitude))
        right, down = cosine * right - sine * down, sine * right + cosine * down
    else:  # scale_x, scale_y, zoom
        right = right / (1 if family == "scale_y" else magnitude)
        down = down / (1 if family == "scale_x" else magnitude)
    down, right = np.broadcast_arrays(down + (height - 1) / 2, right + (width - 1) / 2)
    return down.round(9), right.round(9)


def _resampling(
    rows: np.ndarray, columns: np.ndarray, rendering: Rendering, size: tuple[int, int], device: torch.device
) -> Transform:
    """Every pixel a weighted sum of the pixels around its source."""
    row, row_weight = _filled(*_taps(rows.ravel(), rendering.interpolation), size[0], rendering.fill)
    column, column_weight = _filled(*_taps(columns.ravel(), rendering.interpolation), size[1], rendering.fill)
    pixel = (row[:, :, None] * size[1] + column[:, None, :]).reshape(len(row), -1)  # (H * W, taps)
    weight = (row_weight[:, :, None] * column_weight[:, None, :]).reshape(len(row), -1)
    used = (weight != 0).any(axis=0)
    used[0] = True
    pixels = torch.from_numpy(pixel[:, used]).to(device)
    weights = torch.from_numpy(weight[:, used]).float().to(device)

    def resampled(batch: Batch) -> Tensor:
        sums = functional.embedding_bag(pixels, batch.rows, per_sample_weights=weights, mode="sum")  # (H * W, N * C)
        return sums.t().reshape(batch.images.shape)

    return resampled


def _taps(positions: np.ndarray, interpolation: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (P, taps) along one axis, within the image or not, and their weights, for positions (P,)."""
    if interpolation == "nearest":  # halves go up, all alike, so that a shift by half a pixel repeats no pixel
        return np.floor(positions + 0.5).astype(np.int64)[:, None], np.ones((len(positions), 1))
    first = np.floor(positions)
    part = (positions - first)[:, None]
    if interpolation == "bilinear":
        return _neighbours(first, (0, 1)), np.hstack([1 - part, part])
    offsets = (-1, 0, 1, 2)
    return _neighbours(first, offsets), np.hstack([_cubic(abs(part - offset)) for offset in offsets])


def _neighbours(first: np.ndarray, offsets: Sequence[int]) -> np.ndarray:
    return first.astype(np.int64)[:, None] + np.array(offsets)


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution kernel."""
    near = (CUBIC + 2) * distance**3 - (CUBIC + 3) * distance**2 + 1
    far = CUBIC * (distance**3 - 5 * distance**2 + 8 * distance - 4)
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def _filled(pixels: np.ndarray, weights: np.ndarray, size: int, fill: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels beyond the edge replaced by pixels of the image; for `zeros` their weight is 0."""
    if fill == "zeros":
        weights = weights * ((pixels >= 0) & (pixels < size))
    if fill == "reflection":  # d c b a | a b c d | d c b a
        pixels = pixels % (2 * size)
        pixels = np.where(pixels < size, pixels, 2 * size - 1 - pixels)
    return pixels.clip(0, size - 1), weights


# --- intensities ------------------------------------------------------------------------------------------------------


def _blur(sigma: float, fill: str, size: tuple[int, int], device: torch.device) -> Transform:
    """A Gaussian of `sigma` px, as one matrix an axis: any width, any fill, nothing approximated."""
    down, across = (torch.from_numpy(_blur_matrix(sigma, length, fill)).float().to(device) for length in size)
    return lambda batch: down @ (batch.images @ across.t())


def _blur_matrix(sigma: float, size: int, fill: str) -> np.ndarray:
    radius = int(TRUNCATE * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    kernel = np.exp(-(offsets**2) / (2 * sigma**2))
    outputs = np.arange(size)[:, None]
    weights = np.broadcast_to(kernel / kernel.sum(), (size, len(offsets)))
    pixels, weights = _filled(outputs + offsets, weights, size, fill)
    matrix = np.zeros((size, size))
    np.add.at(matrix, (np.broadcast_to(outputs, pixels.shape), pixels), weights)
    return matrix


def intensity(family: str, magnitude: float | Tensor) -> Transform:
    """A family that leaves every pixel in its place; nothing is clamped. Gradients reach the magnitude."""

    def about_mean(batch: Batch) -> Tensor:
        mean = batch.images.mean(dim=(1, 2, 3), keepdim=True)
        return mean + magnitude * (batch.images - mean)

    def towards_grey(batch: Batch) -> Tensor:
        return (1 - magnitude) * batch.images + magnitude * _grey(batch.images)

    return {
        "brightness": lambda batch: batch.images + magnitude,
        "contrast": lambda batch: batch.images * magnitude,
        "contrast_mean": about_mean,
        "grayscale": towards_grey,
        "gaussian_noise": lambda batch: batch.images + magnitude * batch.noise,
    }[family]


def _grey(images: Tensor) -> Tensor:
    """(N, 1, H, W): the luma of three channels, the mean of any other number."""
    if images.shape[1] != len(LUMA):
        return images.mean(dim=1, keepdim=True)
    return sum(weight * images[:, [channel]] for channel, weight in enumerate(LUMA))  # type: ignore[return-value]
