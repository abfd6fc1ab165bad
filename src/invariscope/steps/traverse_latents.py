"""Invariance traversals of a layer: grids of images that give, under other filters, the original's activations."""

from pathlib import Path
from typing import Any

import numpy as np

from invariscope.data.table import balanced, open_data, write_table
from invariscope.files import write_json
from invariscope.filter_gan import traversal as traversals
from invariscope.filter_gan.config import Traversal
from invariscope.filter_gan.generator_file import load_with_classifier
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "traversal": "{study}.filter_gan.traversal"}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    layer: str,
    *,
    data: Path,
    model: Path,
    generator: Path,
    traversal: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    config = build(Traversal, params["traversal"])
    trained, module, network = load_with_classifier(generator, model, place)
    chosen = balanced(open_data(data, "test"), config.images)
    columns = traversals.traverse(
        network,
        module,
        trained,
        chosen.at(np.arange(len(chosen))),
        config,
        derive(params["seed"], "traversal", study, classifier, layer),
        f"{study} {classifier} {layer} traversal",
    )
    origin = {"study": study, "classifier": classifier, "layer": layer, "seed": params["seed"]}
    constant = {name: [value] * len(columns["image_id"]) for name, value in origin.items()}
    write_table(traversal, constant | columns, traversals.UNITS)
    write_json(metrics, traversals.summarise(columns))
