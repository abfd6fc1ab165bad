"""Paired comparisons: is the mean of some differences zero, and how far from it is it?"""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from invariscope.intervals import CONFIDENCE

BLOCK = 1000  # draws held in memory at once
ROUNDING = 1e-12  # means that are equal but for rounding are as extreme as one another


def sign_flip_test(differences: np.ndarray, permutations: int, random: np.random.Generator) -> float:
    """Two-sided p of the mean of differences (N,), were each as likely with the other sign.

    Exact over all 2^N signs if these are no more than `permutations`. Otherwise over that many draws, the observed
    signs counted as one more (Phipson and Smyth 2010), so that it is never zero.
    """
    count = len(differences)
    bound = abs(differences.sum()) - ROUNDING * np.abs(differences).sum()
    if 2**count <= permutations:
        signs = 1 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
        return float(np.mean(np.abs(signs @ differences) >= bound))
    as_extreme = 0
    for start in range(0, permutations, BLOCK):
        signs = 1 - 2 * random.integers(2, size=(min(BLOCK, permutations - start), count))
        as_extreme += int((np.abs(signs @ differences) >= bound).sum())
    return (1 + as_extreme) / (1 + permutations)


def effect_size(differences: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
    """Cohen's d_z of differences (N,), their mean over their standard deviation, and its interval; NaN if undefined.

    The interval: Student's t times the large-sample standard error √(1/N + d²/2N).
    """
    count = len(differences)
    deviation = differences.std(ddof=1) if count > 1 else 0.0
    if deviation <= ROUNDING * np.abs(differences).max(initial=0):
        return float("nan"), float("nan"), float("nan")
    size = float(differences.mean() / deviation)
    half = float(stdtrit(count - 1, (1 + confidence) / 2)) * ((1 + size**2 / 2) / count) ** 0.5
    return size, size - half, size + half


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's (1979) adjusted p-values, in the order given."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return adjusted
