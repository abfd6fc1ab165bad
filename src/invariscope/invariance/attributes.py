"""Attributes of an image, and what kind of change made it out of another (METHODS 1).

Stroke attributes (`STROKE`) are those of bright ink on a dark ground, as MNIST's; other polarities must be inverted
before. They are measured on grey images only: with more channels their columns are there, all NaN, so that every table
of traversals has the same columns. Ink is what exceeds `INK` of the image's own maximum: no gain moves its edge. An
image without a positive pixel has no ink, and NaN for its stroke attributes. Our choice: the ink is found on a grid
twice as fine (bilinear), because a stroke of two pixels has no middle pixel.

`locality` is the share of the change x -> x' that a pixel-local map explains: the sum of squares of the projection of
x' - x on span {x, 1, dilate(x) - x, erode(x) - x}, over that of x' - x. With several channels, our choice: each channel
of x' - x on span {every channel of x, 1, dilate - x, erode - x of its own}. Dilation and erosion are grey, over a pixel
and its four neighbours (the disc of radius 1; it explains more of a wider pen than the square does).

`affine_motion`, our addition, is the same share for the six directions in which x moves when it is slightly shifted,
turned, scaled and sheared: the part of the rest that is surely geometric, where noise is not. The two spans are not
orthogonal, so the shares may add up to more than 1. Both are linear: ink that moves by more than a stroke's width looks
up to half local, since its old place fades.
"""

import numpy as np
from scipy import ndimage

from invariscope.invariance.skeleton import skeletonise

INK = 0.5  # share of the image's maximum: where the edge of a stroke runs
ENLARGED = 2  # times, before strokes are measured
SMALLEST_CHANGE = 1e-6  # root mean square intensity; a smaller change is none
RANK = 1e-9  # eigenvalues of the Gram matrix of unit columns under this are zero
CHUNK = 200_000  # values measured at once, 256 images of MNIST: what a CPU's cache holds

UNITS = {
    "thickness": "px",
    "ink_brightness": "intensity, 0-1",
    "slant": "degrees, + to the right at the top",
    "width": "px",
    "height": "px",
    "ink_area": "px²",
    "centre_shift": "px, from the original",
    "brightness": "intensity, 0-1",
    "contrast": "intensity, 0-1, standard deviation",
    "locality": "share of the change",
    "affine_motion": "share of the change",
}
STROKE = ("thickness", "ink_brightness", "slant", "width", "height", "ink_area", "centre_shift")
SHARES = ("locality", "affine_motion")  # of the change itself, not of the image


def measure(images: np.ndarray, originals: np.ndarray) -> dict[str, np.ndarray]:
    """Attributes (N,) float64 of images (N, C, H, W) in [0, 1] that were made out of the originals, of equal shape.

    One array for every key of `UNITS`. The shares are NaN where there is no change.
    """
    if images.ndim != 4 or images.shape != originals.shape:
        raise ValueError(f"images {images.shape} and originals {originals.shape} must both be (N, C, H, W)")
    size = max(CHUNK // max(int(np.prod(images.shape[1:])), 1), 1)
    parts = [
        _measure(images[start : start + size].astype(np.float64), originals[start : start + size].astype(np.float64))
        for start in range(0, len(images), size)
    ]
    return {name: np.concatenate([np.empty(0), *(part[name] for part in parts)]) for name in UNITS}


def _measure(images: np.ndarray, originals: np.ndarray) -> dict[str, np.ndarray]:
    found = {name: np.full(len(images), np.nan) for name in STROKE}
    if images.shape[1] == 1:
        ink = enlarged_ink(images[:, 0])
        down, right = ink_centre(ink) - ink_centre(enlarged_ink(originals[:, 0]))
        found = strokes(images[:, 0], ink) | {"centre_shift": np.hypot(down, right) / ENLARGED}
    change = images - originals
    return found | {
        "brightness": images.mean(axis=(1, 2, 3)),
        "contrast": images.std(axis=(1, 2, 3)),
        "locality": share(change, pixel_local(originals)),
        "affine_motion": share(change, affine_tangents(originals)),
    }


# --- strokes ----------------------------------------------------------------------------------------------------------


def strokes(images: np.ndarray, ink: np.ndarray) -> dict[str, np.ndarray]:
    """Attributes (N,) of grey images (N, H, W) from their enlarged ink; NaN where there is none."""
    own = ink_of(images)
    area = ink.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = {
            "thickness": thickness(ink) / ENLARGED,
            "ink_brightness": (images * own).sum(axis=(1, 2)) / own.sum(axis=(1, 2)),
            "slant": slant(ink),
            "width": _extent(ink.max(axis=1)) / ENLARGED,
            "height": _extent(ink.max(axis=2)) / ENLARGED,
            "ink_area": area / ENLARGED**2,
        }
    return {name: np.where(area > 0, values, np.nan) for name, values in found.items()}


def ink_of(images: np.ndarray) -> np.ndarray:
    """Mask (N, H, W) of what exceeds `INK` of each image's own maximum."""
    highest = images.max(axis=(1, 2), keepdims=True)
    return (images > INK * highest) & (highest > 0)


def enlarged_ink(images: np.ndarray) -> np.ndarray:
    """The ink of images (N, H, W) on a grid `ENLARGED` times as fine, bilinear between the centres of the pixels."""
    fine = images
    for axis in (1, 2):
        size = images.shape[axis]
        place = np.clip((np.arange(ENLARGED * size) + 0.5) / ENLARGED - 0.5, 0, size - 1)
        low = np.minimum(place.astype(int), max(size - 2, 0))
        weight = np.expand_dims(place - low, 2 - axis)
        above = fine.take(np.minimum(low + 1, size - 1), axis=axis)
        fine = (1 - weight) * fine.take(low, axis=axis) + weight * above
    highest = images.max(axis=(1, 2), keepdims=True)
    return (fine > INK * highest) & (highest > 0)


def thickness(ink: np.ndarray) -> np.ndarray:
    """Twice the mean distance transform on the skeleton, px of the masks (N, H, W); NaN without ink.

    The transform ends half a pixel beyond the edge, and the skeleton runs beside the middle of the stroke: the two
    make up for each other (straight strokes of 1.25 to 6 px: wrong by 0.1 px on the average, by 0.8 px at most).
    """
    skeleton = skeletonise(ink)
    with np.errstate(invalid="ignore"):
        return 2 * (distance(ink) * skeleton).sum(axis=(1, 2)) / skeleton.sum(axis=(1, 2))


def distance(ink: np.ndarray) -> np.ndarray:
    """Euclidean distance (N, H, W) of each ink pixel to the nearest one without; outside the image there is no ink.

    The images stand on top of one another with an empty row between them, so one transform does them all.
    """
    count, height, width = ink.shape
    column = np.zeros((count, height + 1, width + 2), bool)
    column[:, 1:, 1:-1] = ink
    strip = np.vstack([column.reshape(-1, width + 2), np.zeros((1, width + 2), bool)])
    found = ndimage.distance_transform_edt(strip)[:-1].reshape(column.shape)
    return found[:, 1:, 1:-1]


def slant(ink: np.ndarray) -> np.ndarray:
    """Angle (degrees, + to the right at the top) by which masks (N, H, W) are sheared, from their second moments."""
    down, right = ink_centre(ink)
    y, x = np.arange(ink.shape[1]) - down[:, None], np.arange(ink.shape[2]) - right[:, None]
    crossed = ((ink @ x[:, :, None])[:, :, 0] * y).sum(axis=1)
    upright = (ink.sum(axis=2) * y**2).sum(axis=1)
    return np.degrees(np.arctan2(-crossed, upright))


def ink_centre(ink: np.ndarray) -> np.ndarray:
    """Mean row and mean column (2, N) of masks (N, H, W), px of theirs; NaN where there is no ink."""
    area = ink.sum(axis=(1, 2))
    sums = [ink.sum(axis=3 - axis) @ np.arange(ink.shape[axis]) for axis in (1, 2)]
    return np.where(area > 0, sums, np.nan) / np.maximum(area, 1)


def _extent(touched: np.ndarray) -> np.ndarray:
    """From the first true place to the last (N,), both included, of (N, size)."""
    return touched.shape[1] - touched.argmax(axis=1) - touched[:, ::-1].argmax(axis=1)


# --- kinds of change --------------------------------------------------------------------------------------------------


def pixel_local(x: np.ndarray) -> np.ndarray:
    """Directions (N, C, K, H * W) in which a pixel-local map moves each channel of x (N, C, H, W)."""
    wider, thinner = neighbourhood(np.maximum, x), neighbourhood(np.minimum, x)
    count, channels = x.shape[:2]
    colours = np.broadcast_to(x[:, None], (count, channels, *x.shape[1:]))
    own = np.stack([np.ones_like(x), wider - x, thinner - x], axis=2)
    return np.concatenate([colours, own], axis=2).reshape(count, channels, channels + 3, -1)


def neighbourhood(extreme: np.ufunc, x: np.ndarray) -> np.ndarray:
    """The maximum (dilation) or minimum (erosion) of every pixel of (..., H, W) and its four neighbours."""
    found = x.copy()
    for near, far in ((np.s_[..., 1:, :], np.s_[..., :-1, :]), (np.s_[..., 1:], np.s_[..., :-1])):
        extreme(found[near], x[far], out=found[near])
        extreme(found[far], x[near], out=found[far])
    return found


def affine_tangents(x: np.ndarray) -> np.ndarray:
    """Directions (N, 1, 6, C * H * W) in which small affine motions move x (N, C, H, W), all channels together."""
    count, channels, height, width = x.shape
    down, right = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)
    slopes = np.gradient(x, axis=(2, 3)) if min(height, width) > 1 else [np.zeros_like(x)] * 2
    moved = [slope * factor for slope in slopes for factor in (1.0, down, right)]
    return np.stack(moved, axis=1).reshape(count, 1, 6, channels * height * width)


def share(change: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Share (N,) of the squares of change (N, C, H, W) that lies along directions (N, G, K, P), a group at a time.

    G groups of P values each make up the change. NaN where the change is smaller than `SMALLEST_CHANGE`.
    """
    wanted = change.reshape(len(change), directions.shape[1], directions.shape[3], 1)
    norms = np.linalg.norm(directions, axis=3, keepdims=True)
    unit = directions / np.where(norms > 0, norms, 1)
    along = unit @ wanted  # (N, G, K, 1)
    inverse = np.linalg.pinv(unit @ unit.swapaxes(2, 3), rcond=RANK, hermitian=True)
    explained = (along * (inverse @ along)).sum(axis=(1, 2, 3))
    total = (change**2).sum(axis=(1, 2, 3))
    changed = total > SMALLEST_CHANGE**2 * change[0].size if len(change) else total > 0
    return np.where(changed, np.clip(explained / np.where(changed, total, 1), 0, 1), np.nan)
