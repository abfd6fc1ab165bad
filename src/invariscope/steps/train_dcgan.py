"""Train a DCGAN by the text's schedule, followed in the feature space of the first judge."""

from pathlib import Path
from typing import Any

from invariscope import batches, schedule
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import balanced, monitored_split, open_data, read_data, write_rows
from invariscope.files import write_json
from invariscope.generative import config as configuration
from invariscope.generative import dcgan, dcgan_train, frechet, sheets
from invariscope.generative.config import DcganTraining
from invariscope.generative.network_file import save_network
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "settings": "{study}.generative.dcgan"}

# What a checkpoint stands on besides its inputs.
SOURCES = (batches, configuration, dcgan, dcgan_train, frechet, schedule, sheets)
CODE = [Path(str(source.__file__)) for source in SOURCES]


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    *,
    data: Path,
    judge: Path,
    model: Path,
    history: Path,
    metrics: Path,
) -> None:
    config, place = build(DcganTraining, params["settings"]), open_device(device)
    checkpoint = Checkpoint(("train_dcgan", study), params, [data, judge, *CODE])
    classifier, images = load_classifier(judge, place), read_data(data, "train")
    require_classes(classifier, images.class_names, judge, data)
    monitored = balanced(open_data(data, monitored_split(data)), config.log_images)
    seed, label = derive(params["seed"], "dcgan", study), f"{study} DCGAN"
    trained, rows = dcgan_train.train(config, images, monitored, classifier, seed, place, checkpoint, label)
    save_network(trained, model)
    origin = {"study": study, "seed": params["seed"]}
    nullable = ("discriminator_loss", "generator_loss", "real", "generated")
    write_rows(history, [origin | row for row in rows], dcgan_train.UNITS, nullable)
    write_json(metrics, dcgan_train.summarise(trained, rows))
    checkpoint.remove()
