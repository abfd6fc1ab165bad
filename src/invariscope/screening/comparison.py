"""Differences between thresholds of two screenings of the same images: two classifiers, or two renderings for one.

Our choice: what is compared is how far each holds out from the identity, in the unit of the family, and the accuracy
(criterion argmax: the lead) averaged over the magnitudes of a direction, which no grid censors. A threshold beyond the
grid counts as at its end, so that a difference to it is a lower bound, and unknown if both are beyond. Both screenings
are resampled alike, so that what their images have in common cancels (a paired bootstrap).
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from invariscope.errors import UserError
from invariscope.screening.config import Groups, Thresholds
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import Answers, Origin, described
from invariscope.screening.thresholds import Crossing, crossings, finite, labelled

DIFFERENCES = ("difference", "difference_low", "difference_high")  # numbers, even if all are null
COMPARISON_UNITS = dict.fromkeys(("threshold", "other_threshold", "grid_end", *DIFFERENCES), "column unit")


def comparison_rows(
    answers: Mapping[str, Answers], groups: Groups, config: Thresholds, seed: int, origin: Origin
) -> list[dict[str, Any]]:
    """A row for every pair of classifiers, family, direction, group and class, and criterion.

    `difference` > 0: `classifier` holds out further than `other`. Raises UserError if they did not see the same.
    """
    names = list(answers)
    for name in names[1:]:
        check_paired(answers[names[0]], answers[name], f"{names[0]} and {name}")
    found = {name: crossings(answers[name], groups, config, seed) for name in names}
    return [
        {
            **origin,
            "classifier": first,
            "other": second,
            **labelled(key, groups),
            **thresholds_of(crossing, found[second][key]),
            **difference(crossing, found[second][key], FAMILIES[key[0]].identity, config.confidence),
            "n_images": crossing.n_images,
            **described(answers[first], key[0]),
        }
        for first, second in combinations(names, 2)
        for key, crossing in found[first].items()
    ]


def check_paired(one: Answers, other: Answers, which: str, same_conditions: bool = True) -> None:
    """Raises UserError unless both are answers to as many images of each class, under the same conditions."""
    if one.sizes != other.sizes:
        raise UserError(f"{which} were screened with other images; run screen_transforms again for both")
    if same_conditions and one.conditions != other.conditions:
        raise UserError(f"{which} were screened with other magnitudes; run screen_transforms again for both")


def thresholds_of(one: Crossing, other: Crossing) -> dict[str, Any]:
    return {
        "threshold": finite(one.places[0]),
        "other_threshold": finite(other.places[0]),
        "censored": bool(np.isinf(one.places[0])),
        "other_censored": bool(np.isinf(other.places[0])),
        "grid_end": one.grid_end,
    }


def difference(one: Crossing, other: Crossing, identity: float, confidence: float) -> dict[str, Any]:
    """How much further `one` holds out than `other`, in units of the magnitude, and how much higher its mean curve is,
    each with its interval. Null where both thresholds lie beyond the grid."""
    further = reach(one, identity) - reach(other, identity)
    higher = one.mean - other.mean
    known = np.isfinite(one.places[0]) or np.isfinite(other.places[0])
    return {
        **_interval("difference", further, confidence, known),
        **_interval("mean_difference", higher, confidence),
        "confidence": confidence,
    }


def reach(crossing: Crossing, identity: float) -> np.ndarray:
    """How far from the identity (1 + resamples,), at most to the end of the grid."""
    return np.minimum(np.abs(crossing.places - identity), abs(crossing.grid_end - identity))


def _interval(name: str, values: np.ndarray, confidence: float, known: bool = True) -> dict[str, float | None]:
    """The value of the images, and percentiles over the resamples."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values[1:], (tail, 1 - tail), method="inverted_cdf")
    found = {name: values[0], f"{name}_low": low, f"{name}_high": high}
    return {key: float(value) if known else None for key, value in found.items()}
