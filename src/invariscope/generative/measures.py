"""Rows of the evaluation of generative networks: a figure, its interval, and how many observations it stands on."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from invariscope.intervals import CONFIDENCE, mean_interval
from invariscope.runtime import torch_generator

UNITS = {
    "value": "frechet_distance: squared features of the judge; classes, confidence: fraction; code_correlation: mean "
    "|r| of pairs; code_cosine: mean |cosine| of pairs, not centred; sparsity_error: activation, mean over units; "
    "constant_units, informative_latents: number; error: squared intensity; evidence, log_likelihood, divergence: nats "
    "an image; pixel_deviation: intensity",
    "ci_low": "as value; 95 %, over draws (frechet_distance, classes, confidence) or test images (all others)",
    "ci_high": "likewise",
    "n": "draws, or images",
}
Row = dict[str, Any]


def mean_row(metric: str, values: Sequence[float] | np.ndarray) -> Row:
    """A mean with Student's interval, null if there is one value alone."""
    mean, low, high = mean_interval(values)
    return row_of(metric, mean, low, high, len(values))


def plain_row(metric: str, value: float, count: int) -> Row:
    """A figure without an interval."""
    return row_of(metric, float(value), float("nan"), float("nan"), count)


def bootstrap_row(metric: str, codes: Tensor, measure: Callable[[Tensor], float], resamples: int, seed: int) -> Row:
    """A figure of codes (N, d); its normal interval has the standard deviation of a bootstrap over images.

    Not the bootstrap's own quantiles: a mean of magnitudes is larger in every resample, where images are drawn twice.
    """
    random, count = torch_generator(seed, metric), len(codes)
    found = [measure(codes[torch.randint(count, (count,), generator=random)]) for _ in range(resamples)]
    half = float(ndtri((1 + CONFIDENCE) / 2)) * float(np.std(found, ddof=1)) if resamples > 1 else float("nan")
    value = measure(codes)
    return row_of(metric, value, value - half, value + half, count)


def row_of(metric: str, value: float, low: float, high: float, count: int) -> Row:
    """NaN becomes null."""
    figures = {"value": value, "ci_low": low, "ci_high": high}
    return (
        {"metric": metric}
        | {name: None if np.isnan(found) else found for name, found in figures.items()}
        | {"n": count}
    )
