"""How well scores tell two kinds apart, and how far methods agree in their scores (METHODS 2)."""

import numpy as np
import torch
from scipy.stats import rankdata, spearmanr

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
    scores, labels = np.asarray(scores), np.asarray(labels, bool)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    value = auc(scores, labels)
    if len(members) < 2:
        return value, float("nan"), float("nan")
    found = []
    for drawn in torch.randint(len(members), (resamples, len(members)), generator=generator).numpy():
        rows = np.concatenate([members[group] for group in drawn])
        found.append(auc(scores[rows], labels[rows]))
    known = np.array(found)[~np.isnan(found)]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(known, [tail, 1 - tail]) if len(known) else (np.nan, np.nan)
    return value, float(low), float(high)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's ρ of a and b (N,), ties sharing their mean rank."""
    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(spearmanr(a, b).statistic)


def roc(scores: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates (K,) as the bar falls from above the highest score to the lowest; NaN scores are
    left out. Equal scores pass together, so that the area under it is `auc`."""
    known = ~np.isnan(scores)
    values, kinds = np.asarray(scores)[known], np.asarray(labels, bool)[known]
    bars = np.concatenate([[np.inf], np.unique(values)[::-1]])
    passed = values >= bars[:, None]  # (K, N)
    return passed[:, ~kinds].mean(axis=1), passed[:, kinds].mean(axis=1)
