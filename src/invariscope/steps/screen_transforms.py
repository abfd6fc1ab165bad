"""Classify a study's test images under every family and magnitude of transformation."""

from pathlib import Path
from typing import Any

from invariscope.classifiers.model_file import load_classifier
from invariscope.data.table import balanced, read_data, write_rows, write_table
from invariscope.errors import UserError
from invariscope.runtime import open_device
from invariscope.screening.config import Rendering, conditions
from invariscope.screening.curves import curve_rows, top_class_rows
from invariscope.screening.responses import example_columns, write_responses
from invariscope.screening.screen import screen, transformed_samples

PARAMS = {
    "seed": "seed",
    "magnitudes": "magnitudes",
    "own_magnitudes": "{study}.screening.magnitudes",
    "images": "{study}.screening.images",
    "batch_size": "{study}.screening.batch_size",
    "fill": "{study}.screening.fill",
    "interpolation": "{study}.screening.interpolation",
    "clamp": "{study}.screening.clamp",
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
    images = balanced(read_data(data, "test"), params["images"])
    if images.class_names != network.class_names:
        raise UserError(f"{model}: has other classes than {data}; run train_classifier again")
    answers = screen(network, images, sweep, rendering, seed, where, params["batch_size"])
    samples, pictures = transformed_samples(images, answers, rendering, seed)
    origin = {"study": study, "classifier": classifier, "seed": seed}
    units = {"magnitude": "column unit", "accuracy": "fraction", "true_class_probability": "softmax"}
    write_responses(responses, answers, origin)
    write_rows(curves, curve_rows(answers, origin), units)
    write_rows(
        top_classes,
        top_class_rows(answers, images.class_names, origin),
        {"magnitude": "column unit", "probability": "softmax"},
    )
    write_table(examples, example_columns(samples, pictures, sweep, origin), {"image": "0-255, (channel, row, column)"})
