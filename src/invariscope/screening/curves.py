"""Accuracy and mean softmax against magnitude: over all images, groups of classes, and class by class."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from invariscope.screening.config import Groups, kind_of
from invariscope.screening.responses import Answers, Origin, described, families_of

TOP = 3  # predicted classes shown by name, as in the paper's plots

CURVE_UNITS = {"magnitude": "column unit", "accuracy": "fraction", "true_class_probability": "softmax"}

Sums = Iterator[tuple[str, np.ndarray]]  # name of a class, sums over its images
Rows = list[dict[str, Any]]


def curve_rows(answers: Answers, groups: Groups, origin: Origin) -> Rows:
    """Accuracy and mean softmax of the true class for every family, magnitude, group and class."""
    sums = (
        (name, np.stack([part.correct().sum(axis=1), part.true_class_probability().sum(axis=1, dtype=np.float64)]))
        for part in answers
        for name in part.class_names.values()
    )

    def rows(name: str, images: int, totals: np.ndarray) -> Rows:
        return [
            {
                **origin,
                "family": family,
                "magnitude": magnitude,
                "class_name": name,
                "kind": kind_of(name, groups),
                "n_images": images,
                "accuracy": float(totals[0, place] / images),
                "true_class_probability": float(totals[1, place] / images),
                **described(answers, family),
            }
            for place, (family, magnitude) in enumerate(answers.conditions)
        ]

    return _with_groups(sums, answers.sizes, groups, rows)


def top_class_rows(answers: Answers, groups: Groups, class_names: tuple[str, ...], origin: Origin) -> Rows:
    """Where the softmax of a class's images goes: mean softmax of the three classes that get most of it over a family's
    sweep, and at each magnitude the highest of the rest ("others"), as in the paper's plots."""
    sums = (
        (name, part.probabilities.sum(axis=1, dtype=np.float64))  # (M, K)
        for part in answers
        for name in part.class_names.values()
    )

    def rows(name: str, images: int, totals: np.ndarray) -> Rows:
        found = []
        for family in families_of(answers):
            places = [place for place, (kind, _) in enumerate(answers.conditions) if kind == family]
            constant = {**origin, "family": family, "class_name": name, "kind": kind_of(name, groups)}
            constant |= described(answers, family)
            found += [
                {**constant, "magnitude": answers.conditions[place][1], "predicted_class": predicted, "probability": p}
                for predicted, curve in _most_predicted(totals[places] / images, class_names)
                for place, p in zip(places, curve.tolist(), strict=True)
            ]
        return found

    return _with_groups(sums, answers.sizes, groups, rows)


def _with_groups(
    sums: Sums, sizes: dict[str, int], groups: Groups, rows: Callable[[str, int, np.ndarray], Rows]
) -> Rows:
    """The rows of groups, then of classes. Only the groups' sums are held: a class's may be large."""
    totals: dict[str, np.ndarray] = {}
    of_classes: Rows = []
    for name, own in sums:
        of_classes += rows(name, sizes[name], own)
        for group, members in groups.items():
            if name in members:
                totals[group] = totals[group] + own if group in totals else own
    of_groups = [rows(group, sum(map(sizes.__getitem__, groups[group])), totals[group]) for group in groups]
    return [row for each in of_groups for row in each] + of_classes


def _most_predicted(mean: np.ndarray, class_names: tuple[str, ...]) -> Iterator[tuple[str, np.ndarray]]:
    """Names and curves of the classes with the highest mean over a sweep (magnitudes, K), and the best of the rest."""
    order = np.argsort(-mean.mean(axis=0), kind="stable")
    yield from ((class_names[label], mean[:, label]) for label in order[:TOP])
    if len(order) > TOP:
        yield "others", mean[:, order[TOP:]].max(axis=1)
