"""Invariance traversals (section 4 of the paper): images that give, under other filters, the activations of an image.

For an image x and a code z, x' of a grid point z_k is argmin ‖a(x'|z_k) − a(x|z)‖² / ‖a(x|z)‖² + w Ψ(x'), from x by
gradient descent; a(x|z) is the layer's convolution of x with the bank of z, before its normalisation, and Ψ the natural
image prior. Our choices, where the paper is silent: the grid stands about a z drawn anew for every image (the formula
reads as if about 0, the text says "moving around z"); the images stay in [0, 1]; descent is Nesterov's, with a step
and restarts of each image's own. (An element-wise step as Adam's was tried: it also changes pixels that the
activations do not depend on.) An image that matches as it is, as in the middle of a grid, is left so, also by the
prior. All that is said of a point is measured on its image as stored, rounded to 8 bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.surgery import convolve_banks, layer_input
from invariscope.data.table import Images, image_column
from invariscope.errors import UserError
from invariscope.filter_gan.axes import KINDS, base_code, grid_offsets, principal_axes, random_axes
from invariscope.filter_gan.config import Traversal
from invariscope.filter_gan.evaluation import Layer, open_layer
from invariscope.filter_gan.networks import MakesBanks
from invariscope.filter_gan.prior import natural_image_prior
from invariscope.intensities import from_bytes, to_bytes
from invariscope.intervals import share_interval
from invariscope.invariance import attributes
from invariscope.progress import track

BLOCK = 50  # images at once: fits caches and memory; fixed, because last bits depend on the shape of a batch
MOMENTUM = 0.95
GROWTH = 1.05  # of an image's step while its loss falls
CUT = 0.5  # of the step when it rises; then its momentum is dropped too
SOLVED = 1e-6  # residual at which an image is left as it is: rounding to 8 bits costs more
UNITS = {
    "row_offset": "standard deviations of z",
    "column_offset": "standard deviations of z",
    "residual_before": "squared distance of the activations, over the square of the original's norm",
    "residual_after": "squared distance of the activations, over the square of the original's norm",
    "confidence": "probability of the predicted class",
    "rms_change": "intensity, of an image in [0, 1]",
    "image": "0-255, (channel, row, column)",
    **attributes.UNITS,
}


def invert(layer: Layer, banks: Tensor, targets: Tensor, start: Tensor, config: Traversal) -> Tensor:
    """Images (N, C, H, W) in [0, 1] whose activations under banks (N, C_out, C_in, k, k) are near `targets`.

    `targets` (N, C_out, H', W') is what the convolution should give; `start` (N, C, H, W) where the search begins.
    Every image has its own bank and does not depend on the others. None ends with a higher loss than it begins with.
    """
    parts = zip(banks.split(BLOCK), targets.split(BLOCK), start.split(BLOCK), strict=True)
    return torch.cat([_descend(Problem(layer, *part[:2], config.prior_weight), part[2], config) for part in parts])


@dataclass(frozen=True)
class Problem:
    """What a block of images is searched for."""

    layer: Layer
    banks: Tensor  # (N, C_out, C_in, k, k)
    targets: Tensor  # (N, C_out, H', W')
    prior_weight: float

    def residual(self, images: Tensor) -> Tensor:
        """‖a(x'|z_k) − a(x|z)‖² / ‖a(x|z)‖² of every image: (N,)."""
        activations = convolve_banks(
            layer_input(self.layer.classifier, self.layer.convolution, images), self.banks, self.layer.convolution
        )
        energy = self.targets.square().sum((1, 2, 3)).clamp_min(torch.finfo(images.dtype).tiny)
        return (activations - self.targets).square().sum((1, 2, 3)) / energy

    def loss(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The residual with the prior's part, and the residual alone: (N,) each."""
        residual = self.residual(images)
        if not self.prior_weight:
            return residual, residual
        return residual + self.prior_weight * natural_image_prior(images), residual

    def gradient(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Loss (N,), residual (N,) and the loss's gradient (N, C, H, W)."""
        images = images.detach().requires_grad_(True)
        with torch.enable_grad():
            loss, residual = self.loss(images)
            (slope,) = torch.autograd.grad(loss.sum(), images)
        return loss.detach(), residual.detach(), slope


@torch.no_grad()
def _descend(problem: Problem, start: Tensor, config: Traversal) -> Tensor:
    """The images of lowest loss met on the way."""
    images, best = start, start
    lowest = last = torch.full_like(start[:, 0, 0, 0], torch.inf)
    step = torch.full_like(start[:, :1, :1, :1], config.step_size * start[0].numel())
    velocity = torch.zeros_like(start)
    for _ in range(config.steps):
        loss, residual, slope = problem.gradient(images)
        best, lowest = torch.where(_wide(loss < lowest), images, best), torch.minimum(loss, lowest)
        rising, last = _wide(loss > last), loss
        step = step * torch.where(rising, CUT, GROWTH)
        velocity = MOMENTUM * torch.where(rising, 0, velocity) - step * slope
        moved = (images + MOMENTUM * velocity - step * slope).clamp(0, 1)
        images = torch.where(_wide(residual > SOLVED), moved, images)
    loss, _ = problem.loss(images)
    return torch.where(_wide(loss < lowest), images, best)


def _wide(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1)"""
    return values[:, None, None, None]


@dataclass(frozen=True)
class Points:
    """The grid points of all images and kinds of axes: a row each, a kind after the other."""

    columns: dict[str, np.ndarray]  # axes, row, column, row_offset, column_offset
    image: np.ndarray  # (P,) which of the images
    codes: Tensor  # (P, d)
    base: Tensor  # (P, d)

    def __len__(self) -> int:
        return len(self.image)


def grid_points(generator: MakesBanks, images: Images, config: Traversal, seed: int) -> Points:
    """A grid about each image's own base code, for both kinds of axes.

    Raises UserError if the grid has no middle, or the generator fewer than two dimensions.
    """
    dimension, side = generator.latent_dimension, config.grid
    if side < 3 or side % 2 == 0:
        raise UserError(
            f"params.yaml: filter_gan: traversal: grid: {side} has no point in the middle; use 3, 5, 7, ..."
        )
    if dimension < 2:
        raise UserError(f"params.yaml: filter_gan: latent_dimension: {dimension} leaves no two axes; use 2 or more")
    principal = principal_axes(generator, seed)
    offsets = grid_offsets(side, config.reach)  # (n*n, 2)
    bases, codes = [], []
    for kind in KINDS:
        for image_id in images.ids.tolist():
            base = base_code(dimension, seed, image_id)
            axes = principal if kind == "principal" else random_axes(dimension, seed, image_id)
            bases.append(base.expand(len(offsets), -1))
            codes.append(base + offsets @ axes)
    grids = len(codes)
    row, column = np.divmod(np.tile(np.arange(side**2), grids), side)
    down, right = np.tile(offsets.numpy(), (grids, 1)).T
    return Points(
        columns={
            "axes": np.repeat(KINDS, grids // len(KINDS) * side**2),
            "row": row,
            "column": column,
            "row_offset": down,
            "column_offset": right,
        },
        image=np.tile(np.arange(len(images)).repeat(side**2), len(KINDS)),
        codes=torch.cat(codes),
        base=torch.cat(bases),
    )


def traverse(
    classifier: torch.nn.Module,
    path: str,
    generator: MakesBanks,
    images: Images,
    config: Traversal,
    seed: int,
    label: str = "traversal",
) -> dict[str, Any]:
    """Columns of the table, their units in UNITS: a row a grid point of every image and kind of axes."""
    device = next(classifier.parameters()).device
    layer = open_layer(classifier, path, images, device)
    points = grid_points(generator, images, config, seed)
    originals = images.pixels[points.image]
    found = np.empty_like(originals)
    before, after = np.empty((2, len(points)), np.float32)
    logits = torch.empty(len(points), len(images.class_names))
    blocks = range(0, len(points), BLOCK)
    for first in track(blocks, label, len(blocks)):
        chosen = slice(first, first + BLOCK)
        start = torch.from_numpy(originals[chosen]).to(device).float().div_(255)
        problem = pose(layer, generator, points.base[chosen], points.codes[chosen], start, config)
        pixels, stored = solve(problem, start, config)
        with torch.no_grad():
            before[chosen], after[chosen] = problem.residual(start).cpu(), problem.residual(stored).cpu()
            logits[chosen] = classifier(stored).cpu()
        found[chosen] = pixels.cpu().numpy()
    confidence, predicted = logits.softmax(1).max(1)
    return {
        "image_id": images.ids[points.image],
        **points.columns,
        "residual_before": before,
        "residual_after": after,
        "converged": after <= config.tolerance,
        "label": images.labels[points.image],
        "predicted": predicted.numpy(),
        "confidence": confidence.numpy(),
        "rms_change": rms_change(found, originals),
        **attributes.measure(found / 255.0, originals / 255.0),
        "image": image_column(found),
    }


@torch.no_grad()
def pose(
    layer: Layer, generator: MakesBanks, base: Tensor, codes: Tensor, originals: Tensor, config: Traversal
) -> Problem:
    """What to search for: under the banks of `codes`, the activations of the originals under those of `base`."""
    device = originals.device
    below = layer_input(layer.classifier, layer.convolution, originals)
    targets = convolve_banks(below, generator(base.to(device)), layer.convolution)
    return Problem(layer, generator(codes.to(device)), targets, config.prior_weight)


def solve(problem: Problem, start: Tensor, config: Traversal) -> tuple[Tensor, Tensor]:
    """The images found from `start` (N, C, H, W), as stored: uint8, and in [0, 1]."""
    pixels = to_bytes(invert(problem.layer, problem.banks, problem.targets, start, config))
    return pixels, from_bytes(pixels)


def rms_change(found: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """Root mean square over pixels and channels of the change (N,), intensity, of images (N, C, H, W) uint8."""
    change = (found.astype(np.float64) - originals) / 255
    return np.sqrt(np.square(change).mean(axis=(1, 2, 3)))


def summarise(table: Mapping[str, Any]) -> dict[str, dict[str, float | int]]:
    """The figures of metrics.json from the table's columns, for each kind of axes and for `all`.

    The middle of a grid, the original itself, does not count. Intervals (95 %) take an image as one observation, since
    its points hang together: wider than needed if they do not.
    """
    axes = np.asarray(table["axes"])
    return {kind: _figures(table, (axes == kind) | (kind == "all")) for kind in (*KINDS, "all")}


def _figures(table: Mapping[str, Any], chosen: np.ndarray) -> dict[str, float | int]:
    row, column, image = (np.asarray(table[name])[chosen] for name in ("row", "column", "image_id"))
    predicted, labels = np.asarray(table["predicted"])[chosen], np.asarray(table["label"])[chosen]
    last = row.max()
    middle = (row == last // 2) & (column == last // 2)
    own = dict(zip(image[middle].tolist(), predicted[middle].tolist(), strict=True)) if middle.any() else {}
    original = np.array([own[number] for number in image.tolist()])
    counted = ~middle
    corner = np.isin(row, (0, last)) & np.isin(column, (0, last))
    residual = np.asarray(table["residual_after"], dtype=np.float64)[chosen][counted]
    images = len(np.unique(image))
    kept, right = (float((predicted == wanted)[counted].mean()) for wanted in (original, labels))
    kept_low, kept_high = share_interval(kept, images)
    right_low, right_high = share_interval(right, images)
    return {
        "points": int(counted.sum()),
        "images": images,
        "keeps_prediction": kept,
        "keeps_prediction_ci_low": kept_low,
        "keeps_prediction_ci_high": kept_high,
        "keeps_label": right,
        "keeps_label_ci_low": right_low,
        "keeps_label_ci_high": right_high,
        "median_residual_before": float(np.median(np.asarray(table["residual_before"])[chosen][counted])),
        "median_residual": float(np.median(residual)),
        "percentile_95_residual": float(np.percentile(residual, 95)),
        "converged": float(np.asarray(table["converged"])[chosen][counted].mean()),
        "corner_rms_change": float(np.asarray(table["rms_change"])[chosen][corner].mean()),
    }
