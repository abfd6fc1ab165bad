"""Classify a study's test images under every family and magnitude of transformation."""

from pathlib import Path
from typing import Any

import numpy as np

from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import balanced, open_data, write_rows, write_table
from invariscope.errors import UserError
from invariscope.runtime import open_device
from invariscope.screening.config import Rendering, conditions, groups_of
from invariscope.screening.curves import CURVE_UNITS, curve_rows, top_class_rows
from invariscope.screening.responses import by_class, example_columns, open_responses, write_responses
from invariscope.screening.screen import BestRecognised, sample_classes, screen_blocks, transformed

PARAMS = {
    "seed": "seed",
    "magnitudes": "magnitudes",
    "own_magnitudes": "{study}.screening.magnitudes",
    "images": "{study}.screening.images",
    "batch_size": "{study}.screening.batch_size",
    "fill": "{study}.screening.fill",
    "interpolation": "{study}.screening.interpolation",
    "clamp": "{study}.screening.clamp",
    "groups": "{study}.screening.groups",
}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    responses: Path,
    curves: Path,
    top_classes: Path,
    examples: Path,
) -> None:
    seed, where = params["seed"], open_device(device)
    rendering = Rendering(params["fill"], params["interpolation"], params["clamp"])
    sweep = conditions(params["magnitudes"], params["own_magnitudes"])
    if not sweep:
        raise UserError(f"params.yaml: {study}.screening.magnitudes: drops every family; leave one")
    network = load_classifier(model, where)
    images = balanced(open_data(data, "test"), params["images"])
    require_classes(network, images.class_names, model, data)
    samples = BestRecognised(sample_classes(images.labels))
    blocks = screen_blocks(network, images, sweep, rendering, seed, where, params["batch_size"])
    origin = {"study": study, "classifier": classifier, "seed": seed}
    write_responses(responses, by_class(samples.watched(blocks)), origin)

    answers = open_responses(responses)
    groups = groups_of(answers.sizes, params["groups"])
    write_rows(curves, curve_rows(answers, groups, origin), CURVE_UNITS)
    write_rows(
        top_classes,
        top_class_rows(answers, groups, images.class_names, origin),
        {"magnitude": "column unit", "probability": "softmax"},
    )
    shown = images.at(np.array([np.flatnonzero(images.ids == id)[0] for id in samples.ids]))
    pictures = transformed(shown, sweep, rendering, seed)
    write_table(examples, example_columns(shown, pictures, sweep, origin), {"image": "0-255, (channel, row, column)"})
