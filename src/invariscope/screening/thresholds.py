"""Thresholds: the magnitude at which a class is first lost, with bootstrap intervals over images.

Criteria (the level and the second criterion's interpolation are our choice; the paper reads both off its plots):
- accuracy: the share of correct images falls under `level` times its value on clean images;
- argmax: the mean softmax of the true class falls under that of the best other class. For "all" images, the lead of
  the true class over the best other one is averaged over classes, each weighted by its images.
Between two magnitudes of the grid the curve (accuracy; lead) is a straight line. A class that is lost on clean images
already has its threshold at the identity. A class that comes back after its threshold (a square turned by 90 degrees)
does so over a stretch of magnitudes; where the curve is highest on the first such stretch is its `rebound`. That is a
magnitude of the grid (or midway, if several are equally high), since the ends of the stretch need not lie evenly about
it; its interval spans all that are equally high.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from invariscope.screening.config import Groups, Thresholds, kind_of
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import Answers, Origin, Responses, described, families_of
from invariscope.seeding import numpy_generator

ROUNDING = 1e-12  # what is equal but for rounding is not under
SMALLEST = 1e-9  # an accuracy that is zero counts as lost, whatever it is compared with

PLACES = (
    *("threshold", "ci_low", "ci_high"),
    *("rebound", "rebound_low", "rebound_high", "rebound_start", "rebound_end"),
)
NUMBERS = (*PLACES, "level")  # also where all are null
UNITS = {
    **dict.fromkeys(PLACES, "column unit"),
    "grid_end": "column unit",
    "level": "share of clean",
}

Key = tuple[str, str, str, str]  # family, direction, class name, criterion


@dataclass(frozen=True)
class Crossing:
    """One threshold: the first of each array is that of the images, the rest those of resamples of them.

    Infinite, with the sign of the direction, where a curve never falls under; NaN where it does not come back.
    """

    places: np.ndarray  # (1 + resamples,) magnitudes
    rebounds: np.ndarray  # (2, 1 + resamples) magnitudes, the first and the last that are highest
    back: tuple[float, float]  # the first stretch over which it comes back; infinite where the grid ends before it
    clean: np.ndarray  # (1 + resamples,) accuracy or lead at the identity
    mean: np.ndarray  # (1 + resamples,) accuracy or lead, averaged over the magnitudes beyond the identity
    grid_end: float
    n_images: int


def threshold_rows(
    answers: Answers, groups: Groups, config: Thresholds, seed: int, origin: Origin
) -> list[dict[str, Any]]:
    """A row for every family, direction, group and class ("all" first), and criterion.

    `threshold` is null and `censored` true where the curve never falls under within the grid, which ends at `grid_end`.
    `rebounds`: it comes back later, from `rebound_start` to `rebound_end` (null if the grid ends before), most at
    `rebound`. `ci_low` and `ci_high` bound the threshold as it is signed, by percentiles over resampled images; an end
    is null where that percentile never falls under within the grid. `rebound_low` and `rebound_high` likewise, over
    the resamples that come back. `censored_share` and `rebound_share` are shares of the resamples.
    """
    return [
        {
            **origin,
            **labelled(key, groups),
            **threshold_columns(crossing, key[3], config),
            "n_images": crossing.n_images,
            **described(answers, key[0]),
        }
        for key, crossing in crossings(answers, groups, config, seed).items()
    ]


def crossings(
    answers: Answers, groups: Groups, config: Thresholds, seed: int, of_classes: bool = True
) -> dict[Key, Crossing]:
    """Thresholds of groups, and of classes, with those of the resamples. Two classifiers' are paired: the draws are the
    same for both."""
    return {
        (family, direction, name, criterion): _crossing(curves[:, places], answers, places, criterion, config, images)
        for name, images, criterion, curves in _resampled_curves(answers, groups, config, seed, of_classes)
        for family in families_of(answers)
        for direction, places in directions(answers, family).items()
    }


def _resampled_curves(
    answers: Answers, groups: Groups, config: Thresholds, seed: int, of_classes: bool
) -> Iterator[tuple[str, int, str, np.ndarray]]:
    """Name, images, criterion and curves (1 + resamples, M): of the groups, then, if wanted, of the classes."""
    sizes = {group: sum(answers.sizes[name] for name in members) for group, members in groups.items()}
    drawn = {group: resample(size, config.resamples, seed, group) for group, size in sizes.items()}
    shape = (1 + config.resamples, len(answers.conditions))
    sums = {(group, criterion): np.zeros(shape) for group in groups for criterion in config.criteria}
    seen = dict.fromkeys(groups, 0)
    classes = []
    for part in answers:
        (name,), images = part.class_names.values(), len(part.labels)
        if of_classes:
            own = resample(images, config.resamples, seed, name)
            classes += [(name, images, kind, CURVES[kind](part, own) / images) for kind in config.criteria]
        for group in (group for group, members in groups.items() if name in members):
            counts = drawn[group][:, seen[group] : seen[group] + images]
            seen[group] += images
            for criterion in config.criteria:
                sums[group, criterion] += CURVES[criterion](part, counts)
    for (group, criterion), total in sums.items():
        yield group, sizes[group], criterion, total / sizes[group]
    yield from classes


def resample(images: int, times: int, seed: int, name: str) -> np.ndarray:
    """How often each image counts (1 + times, images) uint16: once in the first row, then as drawn with replacement.

    The draws depend on the seed, the class and its number of images alone: two classifiers' thresholds are paired.
    """
    random = numpy_generator(seed, "bootstrap", name)
    counts = np.ones((1 + times, images), np.uint16)
    for row in counts[1:]:
        row[:] = np.bincount(random.integers(images, size=images), minlength=images)
    return counts


def directions(answers: Answers, family: str) -> dict[str, list[int]]:
    """Places of a family's conditions from the identity outwards, for each side that its grid has."""
    identity = FAMILIES[family].identity
    places = [place for place, (kind, _) in enumerate(answers.conditions) if kind == family]
    negative = [place for place in places if answers.conditions[place][1] <= identity][::-1]
    positive = [place for place in places if answers.conditions[place][1] >= identity]
    return {name: side for name, side in (("negative", negative), ("positive", positive)) if len(side) > 1}


# --- curves of every resample, summed over the images of one class ----------------------------------------------------


def accuracies(part: Responses, counts: np.ndarray) -> np.ndarray:
    """Correct answers (resamples, M)."""
    return counts.astype(np.float64) @ part.correct().T.astype(np.float64)


def leads(part: Responses, counts: np.ndarray) -> np.ndarray:
    """Summed softmax of the true class over that of the best other one (resamples, M).

    Softmax values are multiples of 2**-16, so that these sums are exact: the order of images and threads is no matter.
    """
    label, weights = part.labels[0], counts.astype(np.float64)
    total = np.empty((len(counts), len(part.conditions)))
    for place, probabilities in enumerate(part.probabilities):
        sums = weights @ probabilities.astype(np.float64)  # (resamples, K)
        true = sums[:, label].copy()
        sums[:, label] = -np.inf
        total[:, place] = true - sums.max(axis=1)
    return total


CURVES: dict[str, Callable[[Responses, np.ndarray], np.ndarray]] = {"accuracy": accuracies, "argmax": leads}


# --- crossings --------------------------------------------------------------------------------------------------------


def _crossing(
    curves: np.ndarray, answers: Answers, places: list[int], criterion: str, config: Thresholds, images: int
) -> Crossing:
    """Of curves (1 + resamples, J) from the identity on."""
    magnitudes = np.array([answers.conditions[place][1] for place in places])
    clean = curves[:, 0]
    levels = np.maximum(config.level * clean, SMALLEST) if criterion == "accuracy" else np.zeros(len(curves))
    found, rebounds, back = first_crossings(curves, magnitudes, levels)
    return Crossing(found, rebounds, back, clean, curves[:, 1:].mean(axis=1), float(magnitudes[-1]), images)


def first_crossings(
    curves: np.ndarray, magnitudes: np.ndarray, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Where each curve (R, J) over `magnitudes` (J,) first falls under its level (R,), linearly interpolated; where it
    is highest of the first stretch over which it is back (2, R), first and last such magnitude; and start and end of
    that stretch, for the first curve.

    Infinite, with the sign of the direction, where it never falls, or never comes back, or the grid ends before it
    falls again; the rebound is NaN where there is none.
    """
    under = curves < levels[:, None] - ROUNDING
    steps = np.arange(len(magnitudes))
    beyond = np.copysign(np.inf, magnitudes[-1] - magnitudes[0])

    def place(reached: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First step of those `reached` (R, J), and where between it and the one before the level is met."""
        any_, first = reached.any(axis=1), reached.argmax(axis=1)
        rows, before = np.arange(len(curves)), np.maximum(first - 1, 0)
        start, end = curves[rows, before], curves[rows, first]
        share = np.divide(start - levels, start - end, out=np.zeros(len(curves)), where=start != end).clip(0, 1)
        met = magnitudes[before] + share * (magnitudes[first] - magnitudes[before])
        return np.where(any_, first, len(magnitudes)), np.where(any_, met, beyond)

    fall, fallen = place(under)
    rise, risen = place(~under & (steps > fall[:, None]))
    again, lost = place(under & (steps > rise[:, None]))
    back = np.where((steps >= rise[:, None]) & (steps < again[:, None]), curves, -np.inf)
    highest = back >= back.max(axis=1, keepdims=True) - ROUNDING
    first, last = highest.argmax(axis=1), len(steps) - 1 - highest[:, ::-1].argmax(axis=1)
    rebounds = np.where(rise < len(steps), magnitudes[np.stack([first, last])], np.nan)
    return fallen, rebounds, (float(risen[0]), float(lost[0]))


def labelled(key: Key, groups: Groups) -> dict[str, str]:
    """The columns that say what a threshold is of."""
    columns = dict(zip(("family", "direction", "class_name", "criterion"), key, strict=True))
    return columns | {"kind": kind_of(key[2], groups)}


def threshold_columns(crossing: Crossing, criterion: str, config: Thresholds) -> dict[str, Any]:
    """The columns of one threshold."""
    tail = (1 - config.confidence) / 2
    low, high = np.quantile(crossing.places[1:], (tail, 1 - tail), method="inverted_cdf")
    comes_back = np.isfinite(crossing.rebounds[0])
    rebounds = np.sort(crossing.rebounds[:, 1:][:, comes_back[1:]], axis=0)
    ends = [
        np.quantile(side, share, method="inverted_cdf") if len(side) else np.nan
        for side, share in zip(rebounds, (tail, 1 - tail), strict=True)
    ]
    return {
        "threshold": finite(crossing.places[0]),
        "ci_low": finite(low),
        "ci_high": finite(high),
        "censored": not np.isfinite(crossing.places[0]),
        "rebounds": bool(comes_back[0]),
        "rebound": finite(crossing.rebounds[:, 0].mean()),
        "rebound_low": finite(ends[0]),
        "rebound_high": finite(ends[1]),
        "rebound_start": finite(crossing.back[0]),
        "rebound_end": finite(crossing.back[1]),
        "censored_share": float(np.isinf(crossing.places[1:]).mean()),
        "rebound_share": float(comes_back[1:].mean()),
        "clean": float(crossing.clean[0]),
        "level": config.level if criterion == "accuracy" else None,
        "confidence": config.confidence,
        "grid_end": crossing.grid_end,
    }


def finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


# --- summary ----------------------------------------------------------------------------------------------------------


def summary(answers: Answers, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Clean accuracy; by family and direction the threshold of each group, and the median over classes, by accuracy.

    Null: beyond the grid.
    """
    clean = [magnitude == FAMILIES[family].identity for family, magnitude in answers.conditions].index(True)
    correct = sum(int(part.correct()[clean].sum()) for part in answers)
    by_accuracy = [row for row in rows if row["criterion"] == "accuracy"]
    of_groups: dict[str, dict[str, float | None]] = {}
    of_classes: dict[str, list[float]] = {}
    for row in by_accuracy:
        key = f"{row['family']}_{row['direction']}"
        if row["kind"] == "group":
            of_groups.setdefault(row["class_name"], {})[key] = row["threshold"]
        else:
            beyond = math.copysign(math.inf, row["grid_end"] - row["identity"])
            of_classes.setdefault(key, []).append(beyond if row["censored"] else row["threshold"])
    return {
        "clean_accuracy": correct / sum(answers.sizes.values()),
        "threshold": of_groups,
        "median_class_threshold": {
            key: finite(np.quantile(values, 0.5, method="inverted_cdf")) for key, values in of_classes.items()
        },
    }
