"""How well scores tell two kinds apart, and how far methods agree in their scores (METHODS 2)."""

import numpy as np
import torch
from scipy.stats import rankdata

from invariscope.intervals import CONFIDENCE

FEWEST = 3  # items that two methods must both have scored: fewer always agree or disagree perfectly


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """Probability that a score whose label is true exceeds one whose label is false, ties counted half (Mann and
    Whitney's U over the number of pairs). Scores (N,), labels (N,) bool; NaN scores are left out; NaN if a label has
    no score."""
    labels = np.asarray(labels, bool)[~np.isnan(scores)]
    ranks = rankdata(np.asarray(scores)[~np.isnan(scores)])
    positive, negative = int(labels.sum()), int((~labels).sum())
    if not positive or not negative:
        return float("nan")
    return float((ranks[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_interval(
    scores: np.ndarray, labels: np.ndarray, groups: np.ndarray, resamples: int, generator: torch.Generator
) -> tuple[float, float, float]:
    """`auc`, and percentiles of a bootstrap that draws whole groups (N,), as those of a seed: what shares a group is
    not independent.

    NaN ends if there is one group alone. Draws without a score of both labels are left out.
    """
    known = ~np.isnan(scores)
    scores, labels, groups = np.asarray(scores)[known], np.asarray(labels, bool)[known], np.asarray(groups)[known]
    value, (names, member) = auc(scores, labels), np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return value, float("nan"), float("nan")
    # A draw with counts c of the groups has the area c'Wc / (c'p)(c'n), W the pairs that are won between two groups.
    within = np.eye(len(names))[member]  # (N, groups)
    positive, negative = within[labels], within[~labels]
    ahead = scores[labels][:, None] - scores[~labels]
    won = positive.T @ ((np.sign(ahead) + 1) / 2) @ negative
    drawn = torch.randint(len(names), (resamples, len(names)), generator=generator).numpy()
    counts = np.stack([np.bincount(row, minlength=len(names)) for row in drawn]).astype(float)
    pairs = (counts @ positive.sum(axis=0)) * (counts @ negative.sum(axis=0))
    found = np.einsum("rg,gh,rh->r", counts, won, counts)[pairs > 0] / pairs[pairs > 0]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found, [tail, 1 - tail]) if len(found) else (np.nan, np.nan)
    return value, float(low), float(high)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's ρ of a and b (N,), ties sharing their mean rank."""
    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def roc(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates (K,) as the bar falls from above the highest score to the lowest; NaN scores are
    left out. Equal scores pass together, so that the area under it is `auc`."""
    known = ~np.isnan(scores)
    values, kinds = np.asarray(scores)[known], np.asarray(labels, bool)[known]
    bars = np.concatenate([[np.inf], np.unique(values)[::-1]])
    passed = values >= bars[:, None]  # (K, N)
    return passed[:, ~kinds].mean(axis=1), passed[:, kinds].mean(axis=1)
