"""Traversal images as additional training data: does a classifier of few images gain by them?"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from invariscope import batches, schedule
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import training
from invariscope.data.table import image_column, read_data, write_rows, write_table
from invariscope.files import write_json
from invariscope.filter_gan import added, augmentation, losses, networks, spread
from invariscope.filter_gan import train as filter_gan
from invariscope.filter_gan import traversal as traversals
from invariscope.filter_gan.config import Augmentation, Traversal, layer_config
from invariscope.filter_gan.generator_file import load_with_classifier
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "block": "{study}.classifiers.{classifier}",
    "training": "{study}.filter_gan.training",
    "layer": "{study}.filter_gan.layers.{classifier}.{layer}",
    "traversal": "{study}.filter_gan.traversal",
    "augmentation": "{study}.filter_gan.augmentation",
}

# What a checkpoint stands on besides its inputs.
SOURCES = (added, augmentation, batches, filter_gan, losses, networks, schedule, spread, training, traversals)
CODE = [Path(str(source.__file__)) for source in SOURCES]


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
    accuracy: Path,
    examples: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    config = build(Augmentation, params["augmentation"])
    trained, module, network = load_with_classifier(generator, model, place)
    _, recipe = layer_config(params["training"], params["layer"], layer)
    inputs = [data, model, generator, *CODE]
    checkpoint = Checkpoint(("augment_training", study, classifier, layer), params, inputs)
    rows, pictures = augmentation.augment(
        params["block"],
        augmentation.Source(network, module, trained),
        replace(recipe, iterations=config.own_iterations, log_every=config.own_iterations),
        read_data(data, "train"),
        read_data(data, "test"),
        config,
        build(Traversal, params["traversal"]),
        derive(params["seed"], "augmentation", study, classifier, layer),
        f"{study} {classifier} {layer} augmentation",
        checkpoint,
    )
    origin = {"study": study, "classifier": classifier, "layer": layer}
    write_rows(accuracy, [origin | row for row in rows], augmentation.UNITS)
    columns = {name: [row[name] for row in pictures] for name in pictures[0] if name != "image"}
    constant = {name: [value] * len(pictures) for name, value in origin.items()}
    images = image_column(np.stack([row["image"] for row in pictures]))
    write_table(examples, constant | columns | {"image": images}, augmentation.EXAMPLE_UNITS)
    write_json(metrics, augmentation.summarise(rows))
    checkpoint.remove()
