"""Intervals of a mean over few repetitions, and of a share."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Mean and Student's t interval. One value alone has no interval: its ends are NaN."""
    values = np.asarray(values, dtype=float)
    mean = float(values.mean())
    if len(values) < 2:
        return mean, float("nan"), float("nan")
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * float(values.std(ddof=1)) / len(values) ** 0.5
    return mean, mean - half, mean + half


def interval_record(values: Sequence[float] | np.ndarray) -> dict[str, float | None]:
    """`mean_interval` as metrics write it: mean, ci_low, ci_high; what is not known is None."""
    found = (None if np.isnan(value) else value for value in mean_interval(values))
    return dict(zip(("mean", "ci_low", "ci_high"), found, strict=True))


def share_interval(share: float, count: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's interval of a share among `count` independent observations: not a point even if the share is 0 or 1."""
    z = float(ndtri((1 + confidence) / 2))
    middle = share + z**2 / (2 * count)
    half = z * (share * (1 - share) / count + (z / (2 * count)) ** 2) ** 0.5
    scale = 1 + z**2 / count
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)
