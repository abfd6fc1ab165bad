"""Invariance traversals (section 4 of the paper): images that give, under other filters, the activations of an image.

For an image x and a code z, x' of a grid point z_k is argmin ‖a(x'|z_k) − a(x|z)‖² / ‖a(x|z)‖² + w Ψ(x'), from x by
gradient descent; a(x|z) is the layer's convolution of x with the bank of z, before its normalisation, and Ψ the natural
image prior. Our choices, where the paper is silent: the grid stands about a z drawn anew for every image (the formula
reads as if about 0, the text says "moving around z"); the images stay in [0, 1]; descent is Nesterov's, with a step
and restarts of each image's own. (An element-wise step as Adam's was tried: it also changes pixels that the
activations do not depend on.) All that is said of a point is measured on its image as stored, rounded to 8 bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.surgery import convolve_banks, layer_input
from invariscope.data.table import Images, image_column
from invariscope.errors import UserError
from invariscope.filter_gan.axes import KINDS, base_code, grid, principal_axes, random_axes
from invariscope.filter_gan.config import Traversal
from invariscope.filter_gan.evaluation import Layer, open_layer
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.prior import natural_image_prior
from invariscope.progress import track

BLOCK = 125  # images at once: bounds the memory; fixed, because last bits depend on the shape of a batch
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
    """The grid points of all images and kinds of axes: a row each."""

    image: np.ndarray  # (P,) which of the images
    axes: np.ndarray  # (P,) the kind
    row: np.ndarray
    column: np.ndarray
    row_offset: np.ndarray
    column_offset: np.ndarray
    codes: Tensor  # (P, d)
    base: Tensor  # (P, d)

    def __len__(self) -> int:
        return len(self.image)


def traverse(
    classifier: torch.nn.Module,
    path: str,
    generator: Generator,
    images: Images,
    config: Traversal,
    seed: int,
    label: str = "traversal",
) -> dict[str, Any]:
    """Columns of the table: a row a grid point of every image and kind of axes; units are in UNITS.

    Raises UserError if the grid has no middle, or the generator fewer than two dimensions.
    """
    device = next(classifier.parameters()).device
    layer = open_layer(classifier, path, images, device)
    points = grid_points(generator, images, config, seed)
    pixels, before, after, logits = [], [], [], []
    blocks = range(0, len(points), BLOCK)
    for first in track(blocks, label, len(blocks)):
        chosen = slice(first, first + BLOCK)
        originals = torch.from_numpy(images.pixels[points.image[chosen]]).to(device).float().div_(255)
        problem = _problem(layer, generator, points, chosen, originals, config)
        found = invert(layer, problem.banks, problem.targets, originals, config).mul(255).round()
        pixels.append(found.byte().cpu().numpy())
        with torch.no_grad():
            before.append(problem.residual(originals).cpu())
            after.append(problem.residual(found / 255).cpu())
            logits.append(classifier(found / 255).cpu())
    found, originals = np.concatenate(pixels), images.pixels[points.image]
    return {
        "image_id": images.ids[points.image],
        **{name: getattr(points, name) for name in ("axes", "row", "column", "row_offset", "column_offset")},
        "residual_before": torch.cat(before).numpy(),
        "residual_after": torch.cat(after).numpy(),
        "converged": torch.cat(after).numpy() <= config.tolerance,
        "label": images.labels[points.image],
        "predicted": torch.cat(logits).argmax(1).numpy(),
        "confidence": torch.cat(logits).softmax(1).max(1).values.numpy(),
        "rms_change": _rms_change(found, originals),
        "image": image_column(found),
    }
