"""Screen a part of the test images under other fills and interpolations."""

from pathlib import Path
from typing import Any

from invariscope.classifiers.model_file import load_classifier
from invariscope.data.table import balanced, open_data, write_rows
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.screening.comparison import DIFFERENCES
from invariscope.screening.config import Rendering, Sensitivity, Thresholds, conditions, groups_of
from invariscope.screening.sensitivity import sensitivity_rows
from invariscope.screening.thresholds import NUMBERS, UNITS

PARAMS = {
    "seed": "seed",
    "magnitudes": "magnitudes",
    "own_magnitudes": "{study}.screening.magnitudes",
    "batch_size": "{study}.screening.batch_size",
    "fill": "{study}.screening.fill",
    "interpolation": "{study}.screening.interpolation",
    "clamp": "{study}.screening.clamp",
    "thresholds": "{study}.screening.thresholds",
    "groups": "{study}.screening.groups",
    "sensitivity": "{study}.screening.sensitivity",
}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    curves: Path,
    thresholds: Path,
) -> None:
    seed, where, config = params["seed"], open_device(device), build(Sensitivity, params["sensitivity"])
    images = balanced(open_data(data, "test"), config.images)
    swept = [step for step in conditions(params["magnitudes"], params["own_magnitudes"]) if step[0] in config.families]
    usual = Rendering(params["fill"], params["interpolation"], params["clamp"])
    of_curves, of_thresholds = sensitivity_rows(
        load_classifier(model, where),
        images,
        swept,
        config.renderings(usual),
        build(Thresholds, params["thresholds"]),
        groups_of([images.class_names[label] for label in images.labels.tolist()], params["groups"]),
        seed,
        where,
        {"study": study, "classifier": classifier, "seed": seed},
        params["batch_size"],
    )
    units = {"magnitude": "column unit", "accuracy": "fraction", "true_class_probability": "softmax"}
    write_rows(curves, of_curves, units)
    write_rows(thresholds, of_thresholds, UNITS, numbers=(*NUMBERS, *DIFFERENCES))
