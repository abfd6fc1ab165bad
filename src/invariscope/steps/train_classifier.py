"""Train a classifier, or take given weights, and judge it on the test split."""

from pathlib import Path
from typing import Any

import numpy as np

from invariscope import schedule
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import evaluation, initial, training
from invariscope.classifiers.architectures import architecture_of
from invariscope.classifiers.model_file import load_classifier, save_classifier
from invariscope.data.table import ImageSet, monitored_split, open_data, write_table
from invariscope.errors import UserError, placed
from invariscope.files import write_json
from invariscope.own_function import source_files
from invariscope.params import build
from invariscope.runtime import open_device

PARAMS = {"seed": "seed", "block": "{study}.classifiers.{classifier}"}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    history: Path,
    class_accuracy: Path,
    confusion: Path,
    metrics: Path,
) -> None:
    place, seed, block = open_device(device), params["seed"], params["block"]
    trains = "training" in block
    stored = open_data(data, "train" if trains else "test")
    images = stored.at(np.arange(len(stored) if trains else 1))  # without training, one shows what they are like
    test = open_data(data, "test") if trains else stored
    if len(images.class_names) < 2:
        raise UserError(f"{data}: has no class but {images.class_names[0]!r}; a classifier needs two or more")
    with placed(f"params.yaml: {study}.classifiers.{classifier}"):
        network = initial.new_classifier(block, images, seed, place)
        settings = build(training.Training, block.get("training", {"epochs": 0}))
        checkpoint = Checkpoint(("train_classifier", study, classifier), params, [data, *dependencies(block)])
        label = f"{study} {classifier}"
        rows = training.train(network, settings, images, monitored(data, test), seed, checkpoint, label)
    save_classifier(network, model)

    origin = {"study": study, "classifier": classifier, "seed": seed}
    write_table(history, *training.history_table(rows, origin))
    trained = load_classifier(model, place)  # what every later step will see
    counts = evaluation.confusion(trained, test)
    write_table(class_accuracy, *evaluation.class_accuracy_table(counts, trained.class_names, origin))
    write_table(confusion, *evaluation.confusion_table(counts, trained.class_names, origin))
    write_json(metrics, evaluation.metrics(trained, images if trains else None, counts))
    checkpoint.remove()


def dependencies(block: dict[str, Any]) -> list[Path]:
    """What a checkpoint stands on besides the data: the code that trains, and the weights started from.

    To be asked once the network is built: then the user's own code is loaded.
    """
    code = [Path(str(module.__file__)) for module in (training, schedule, architecture_of(block))]
    code += source_files()
    return code + [path for path in [Path(block.get("weights", ""))] if path.is_file()]


def monitored(data: Path, test: ImageSet) -> dict[str, ImageSet]:
    """The split judged after every epoch: validation if the data have one, else test. Nothing is selected on it."""
    split = monitored_split(data)
    return {split: test if split == "test" else open_data(data, split)}
