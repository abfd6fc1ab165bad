"""Accuracy and mean softmax against magnitude, class by class and over all images."""

from typing import Any

import numpy as np

from invariscope.screening.responses import Origin, Responses

TOP = 3  # predicted classes shown by name, as in the paper's plots


def curve_rows(responses: Responses, origin: Origin) -> list[dict[str, Any]]:
    """Accuracy and mean softmax of the true class for every family, magnitude and class ("all": over all images)."""
    correct, true = responses.correct(), responses.true_class_probability()
    rows = []
    for name, members in responses.groups():
        accuracy = correct[:, members].mean(axis=1)
        probability = true[:, members].mean(axis=1, dtype=np.float64)
        for index, (family, magnitude) in enumerate(responses.conditions):
            rows.append(
                {
                    **origin,
                    "family": family,
                    "magnitude": magnitude,
                    "class_name": name,
                    "n_images": len(members),
                    "accuracy": float(accuracy[index]),
                    "true_class_probability": float(probability[index]),
                    **responses.described(family),
                }
            )
    return rows


def top_class_rows(responses: Responses, class_names: tuple[str, ...], origin: Origin) -> list[dict[str, Any]]:
    """Where the softmax of a class's images goes: mean softmax of the three classes that get most of it over a family's
    sweep, and at each magnitude the highest of the rest ("others"), as in the paper's plots."""
    rows = []
    for name, members in responses.groups():
        mean = responses.probabilities[:, members].mean(axis=1, dtype=np.float64)  # (M, K)
        for family in responses.families:
            places = [index for index, (kind, _) in enumerate(responses.conditions) if kind == family]
            order = np.argsort(-mean[places].mean(axis=0), kind="stable")
            shown = {class_names[label]: mean[:, label] for label in order[:TOP]}
            if len(order) > TOP:
                shown["others"] = mean[:, order[TOP:]].max(axis=1)
            rows += [
                {
                    **origin,
                    "family": family,
                    "magnitude": responses.conditions[index][1],
                    "class_name": name,
                    "predicted_class": predicted,
                    "probability": float(values[index]),
                    **responses.described(family),
                }
                for predicted, values in shown.items()
                for index in places
            ]
    return rows
