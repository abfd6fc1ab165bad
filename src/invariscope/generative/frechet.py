"""Fréchet distance between two sets of images in a classifier's feature space (Heusel et al. 2017).

Features are what the classifier's last dense layer reads. Each set is taken as a normal distribution, so a finite set
is at some distance from another of the very same images: a distance means nothing without that of real images from
real ones, at equal numbers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from invariscope.classifiers.evaluation import predict
from invariscope.classifiers.model_file import Classifier
from invariscope.errors import UserError


@dataclass(frozen=True)
class Seen:
    """What a classifier makes of images, in their order."""

    features: Tensor  # (N, F) float64, on the CPU
    logits: Tensor  # (N, classes)

    def of(self, places: Tensor) -> "Seen":
        return Seen(self.features[places], self.logits[places])


def look_at(classifier: Classifier, pixels: np.ndarray) -> Seen:
    """Features and logits of pixels (N, C, H, W) uint8. Raises UserError for a classifier without a dense layer."""
    with _captured(classifier) as parts:
        logits = predict(classifier, pixels)
    return Seen(torch.cat(parts)[: len(pixels)].double(), logits)


@contextmanager
def _captured(classifier: Classifier) -> Iterator[list[Tensor]]:
    """What the last dense layer reads, block by block; the last block may be filled up."""
    dense = [module for module in classifier.network.modules() if isinstance(module, nn.Linear)]
    if not dense:
        raise UserError("the classifier has no dense layer, whose inputs are the features to compare images by")
    parts: list[Tensor] = []
    handle = dense[-1].register_forward_pre_hook(lambda _, inputs: parts.append(inputs[0].flatten(1).cpu()))
    try:
        yield parts
    finally:
        handle.remove()


@dataclass(frozen=True)
class Moments:
    mean: Tensor  # (F,)
    covariance: Tensor  # (F, F)


def moments(features: Tensor) -> Moments:
    """Of features (N, F), N at least 2."""
    return Moments(features.mean(0), features.t().cov())


def frechet_distance(first: Moments, second: Moments) -> float:
    """Squared: |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½), in the features' squared unit; never below 0.

    The trace of the root is the sum of the roots of the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric.
    """
    values, axes = torch.linalg.eigh(first.covariance)
    root = axes @ torch.diag(values.clamp(min=0).sqrt()) @ axes.t()
    shared = torch.linalg.eigvalsh(root @ second.covariance @ root).clamp(min=0).sqrt().sum()
    means = (first.mean - second.mean).square().sum()
    distance = means + first.covariance.trace() + second.covariance.trace() - 2 * shared
    return max(0.0, float(distance))
