"""Train a filter-GAN on one layer of a classifier."""

from pathlib import Path
from typing import Any

from invariscope import schedule
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier
from invariscope.data.table import Images, monitored_split, read_data, write_rows
from invariscope.filter_gan import config as configuration
from invariscope.filter_gan import losses, networks, spread, train
from invariscope.filter_gan.config import layer_config
from invariscope.filter_gan.generator_file import save_generator
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "training": "{study}.filter_gan.training",
    "layer": "{study}.filter_gan.layers.{classifier}.{layer}",
}

# What a checkpoint stands on besides its inputs.
CODE = [Path(str(source.__file__)) for source in (configuration, losses, networks, spread, train, schedule)]


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
    history: Path,
) -> None:
    place = open_device(device)
    module, config = layer_config(params["training"], params["layer"], layer)
    split, held_out = monitored(data, config.log_images)
    checkpoint = Checkpoint(("train_filter_gan", study, classifier, layer), params, [data, model, *CODE])
    trained, rows = train.train(
        load_classifier(model, place),
        module,
        config,
        read_data(data, "train"),
        held_out,
        derive(params["seed"], "filter_gan", study, classifier, layer),
        checkpoint,
        f"{study} {classifier} {layer} filter-GAN",
    )
    save_generator(trained, module, config, generator)
    origin = {"study": study, "classifier": classifier, "layer": layer, "seed": params["seed"]}
    write_rows(history, [origin | row | {"accuracy_split": split} for row in rows], train.UNITS)
    checkpoint.remove()


def monitored(data: Path, limit: int) -> tuple[str, Images]:
    """Images that the history's accuracy is measured on: of the validation split, or of the test split without one.

    Nothing is selected on it, so the test split stays untouched.
    """
    split = monitored_split(data)
    return split, read_data(data, split, limit)
