"""Thresholds: the magnitude at which a class is first lost, with bootstrap intervals over images.

Criteria (the level and the second criterion's interpolation are our choice; the paper reads both off its plots):
- accuracy: the share of correct images falls under `level` times its value on clean images;
- argmax: the mean softmax of the true class falls under that of the best other class. For "all" images, the lead of
  the true class over the best other one is averaged over classes, each weighted by its images.
Between two magnitudes of the grid the curve (accuracy; lead) is a straight line. A class that is lost on clean images
already has its threshold at the identity.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from invariscope.screening.config import Thresholds
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import Origin, Responses
from invariscope.seeding import numpy_generator

ROUNDING = 1e-12  # what is equal but for rounding is not under
SMALLEST = 1e-9  # an accuracy that is zero counts as lost, whatever it is compared with


def threshold_rows(responses: Responses, config: Thresholds, seed: int, origin: Origin) -> list[dict[str, Any]]:
    """A row for every family, direction, class ("all" too) and criterion.

    `threshold` is null and `censored` true where the curve never falls under within the grid, which ends at `grid_end`.
    `rebounds`: it comes back later. `ci_low` and `ci_high` bound the threshold as it is signed, by percentiles over
    resampled images; an end is null where that percentile never falls under within the grid. `censored_share` and
    `rebound_share` are shares of the resamples.
    """
    rows = []
    for name, members in responses.groups():
        counts = resample(len(members), config.resamples, seed, name)
        for criterion in config.criteria:
            curves = CURVES[criterion](responses, members, counts)  # (1 + resamples, M)
            for family in responses.families:
                for direction, places in directions(responses, family).items():
                    key = {"family": family, "direction": direction, "class_name": name, "criterion": criterion}
                    found = locate(curves[:, places], magnitudes_at(responses, places), criterion, config)
                    rows.append({**origin, **key, **found, "n_images": len(members), **responses.described(family)})
    return rows


def resample(images: int, times: int, seed: int, name: str) -> np.ndarray:
    """How often each image counts (1 + times, images): once in the first row, then as drawn with replacement.

    The draws depend on the seed, the class and its number of images alone: two classifiers' thresholds are paired.
    """
    drawn = numpy_generator(seed, "bootstrap", name).integers(images, size=(times, images))
    flat = (drawn + images * np.arange(times)[:, None]).ravel()
    counts = np.bincount(flat, minlength=times * images).reshape(times, images)
    return np.vstack([np.ones((1, images)), counts])


def directions(responses: Responses, family: str) -> dict[str, list[int]]:
    """Places of a family's conditions from the identity outwards, for each side that its grid has."""
    identity = FAMILIES[family].identity
    places = [index for index, (kind, _) in enumerate(responses.conditions) if kind == family]
    magnitudes = magnitudes_at(responses, places)
    negative = [place for place, value in zip(places, magnitudes, strict=True) if value <= identity][::-1]
    positive = [place for place, value in zip(places, magnitudes, strict=True) if value >= identity]
    return {name: side for name, side in (("negative", negative), ("positive", positive)) if len(side) > 1}


def magnitudes_at(responses: Responses, places: list[int]) -> np.ndarray:
    return np.array([responses.conditions[place][1] for place in places])


# --- curves of every resample -----------------------------------------------------------------------------------------


def accuracies(responses: Responses, members: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Accuracy over `members` (resamples, M)."""
    return counts @ responses.correct()[:, members].T.astype(np.float64) / len(members)


def leads(responses: Responses, members: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean softmax of the true class over that of the best other one (resamples, M).

    Softmax values are multiples of 2**-16, so that these sums are exact: the order of images and threads is no matter.
    """
    total = np.zeros((len(counts), len(responses.conditions)))
    labels = responses.labels[members]
    for label in np.unique(labels):
        inside = labels == label
        weights = np.ascontiguousarray(counts[:, inside])
        for place, probabilities in enumerate(responses.probabilities[:, members[inside]]):
            sums = weights @ probabilities.astype(np.float64)  # (resamples, K)
            true = sums[:, label].copy()
            sums[:, label] = -np.inf
            total[:, place] += true - sums.max(axis=1)
    return total / len(members)


CURVES: dict[str, Callable[[Responses, np.ndarray, np.ndarray], np.ndarray]] = {"accuracy": accuracies, "argmax": leads}


# --- crossings --------------------------------------------------------------------------------------------------------


def locate(curves: np.ndarray, magnitudes: np.ndarray, criterion: str, config: Thresholds) -> dict[str, Any]:
    """The threshold of the first curve, its interval from the rest; curves (1 + resamples, J) from the identity on."""
    clean = curves[:, 0]
    levels = np.maximum(config.level * clean, SMALLEST) if criterion == "accuracy" else np.zeros(len(curves))
    crossings, rebounds = first_crossings(curves, magnitudes, levels)
    tail = (1 - config.confidence) / 2
    low, high = np.quantile(crossings[1:], (tail, 1 - tail), method="inverted_cdf")
    return {
        "threshold": _finite(crossings[0]),
        "ci_low": _finite(low),
        "ci_high": _finite(high),
        "censored": not np.isfinite(crossings[0]),
        "rebounds": bool(rebounds[0]),
        "censored_share": float(np.isinf(crossings[1:]).mean()),
        "rebound_share": float(rebounds[1:].mean()),
        "clean": float(clean[0]),
        "level": config.level if criterion == "accuracy" else None,
        "confidence": config.confidence,
        "grid_end": float(magnitudes[-1]),
    }


def first_crossings(curves: np.ndarray, magnitudes: np.ndarray, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each curve (R, J) over `magnitudes` (J,) first falls under its level (R,), linearly interpolated, and
    whether it is at or above it again later. Infinite, with the sign of the direction, where it never does."""
    under = curves < levels[:, None] - ROUNDING
    crossed, first = under.any(axis=1), under.argmax(axis=1)
    rows, before = np.arange(len(curves)), np.maximum(first - 1, 0)
    high, low = curves[rows, before], curves[rows, first]
    share = np.divide(high - levels, high - low, out=np.zeros(len(curves)), where=high > low).clip(0, 1)
    crossings = magnitudes[before] + share * (magnitudes[first] - magnitudes[before])
    later = np.arange(len(magnitudes)) > first[:, None]
    beyond = np.copysign(np.inf, magnitudes[-1] - magnitudes[0])
    return np.where(crossed, crossings, beyond), crossed & (later & ~under).any(axis=1)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# --- summary ----------------------------------------------------------------------------------------------------------


def summary(responses: Responses, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Clean accuracy; by family and direction the threshold over all images and the median over classes, by accuracy.

    Null: beyond the grid.
    """
    clean = [magnitude == FAMILIES[family].identity for family, magnitude in responses.conditions].index(True)
    overall: dict[str, float | None] = {}
    by_class: dict[str, list[float]] = {}
    for row in rows:
        if row["criterion"] != "accuracy":
            continue
        key = f"{row['family']}_{row['direction']}"
        if row["class_name"] == "all":
            overall[key] = row["threshold"]
        else:
            beyond = math.copysign(math.inf, row["grid_end"] - row["identity"])
            by_class.setdefault(key, []).append(beyond if row["censored"] else row["threshold"])
    return {
        "clean_accuracy": float(responses.correct()[clean].mean()),
        "threshold": overall,
        "median_class_threshold": {
            key: _finite(np.quantile(values, 0.5, method="inverted_cdf")) for key, values in by_class.items()
        },
    }
