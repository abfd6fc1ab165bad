"""Screen a part of the test images under other fills and interpolations."""

from pathlib import Path
from typing import Any

from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import balanced, open_data
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.screening.config import Rendering, Sensitivity, conditions
from invariscope.screening.responses import write_responses
from invariscope.screening.sensitivity import screen_renderings

PARAMS = {
    "seed": "seed",
    "magnitudes": "magnitudes",
    "own_magnitudes": "{study}.screening.magnitudes",
    "batch_size": "{study}.screening.batch_size",
    "fill": "{study}.screening.fill",
    "interpolation": "{study}.screening.interpolation",
    "clamp": "{study}.screening.clamp",
    "sensitivity": "{study}.screening.sensitivity",
}


def run(
    params: dict[str, Any], device: str, study: str, classifier: str, *, data: Path, model: Path, responses: Path
) -> None:
    seed, where, config = params["seed"], open_device(device), build(Sensitivity, params["sensitivity"])
    images = balanced(open_data(data, "test"), config.images)
    swept = [step for step in conditions(params["magnitudes"], params["own_magnitudes"]) if step[0] in config.families]
    renderings = config.renderings(Rendering(params["fill"], params["interpolation"], params["clamp"]))
    network, batch_size = load_classifier(model, where), params["batch_size"]
    require_classes(network, images.class_names, model, data)
    answers = screen_renderings(network, images, swept, renderings, seed, where, batch_size)
    write_responses(responses, answers, {"study": study, "classifier": classifier, "seed": seed})
