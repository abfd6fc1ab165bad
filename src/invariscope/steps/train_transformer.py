"""Train an Invariant Transformer Net: large transformations that a classifier does not notice."""

from pathlib import Path
from typing import Any

import numpy as np

from invariscope import schedule, warp
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import balanced, open_data, write_rows
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive
from invariscope.transformer import config as configuration
from invariscope.transformer import losses, networks, rendering, train
from invariscope.transformer.config import TransformerTraining
from invariscope.transformer.transformer_file import save_transformer

PARAMS = {"seed": "seed", "training": "{study}.transformer.training"}

# What a checkpoint stands on besides its inputs.
CODE = [Path(str(source.__file__)) for source in (configuration, losses, networks, rendering, train, schedule, warp)]


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    transformer: Path,
    history: Path,
) -> None:
    place = open_device(device)
    checkpoint = Checkpoint(("train_transformer", study, classifier), params, [data, model, *CODE])
    config, network = build(TransformerTraining, params["training"]), load_classifier(model, place)
    images = balanced(open_data(data, "train"), config.images)
    require_classes(network, images.class_names, model, data)
    trained, rows = train.train(
        network,
        config,
        images.at(np.arange(len(images))),
        derive(params["seed"], "transformer", study, classifier),
        checkpoint,
        f"{study} {classifier} invariant transformer",
    )
    save_transformer(trained, transformer)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_rows(history, [origin | row for row in rows], train.UNITS)
    checkpoint.remove()
