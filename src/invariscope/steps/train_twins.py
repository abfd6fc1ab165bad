"""Train a twin: a classifier in whose training images one factor never varies, or all do, once a seed."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from invariscope import schedule
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import training
from invariscope.data.table import write_rows
from invariscope.ground_truth import twins as library
from invariscope.ground_truth.config import Twins
from invariscope.params import build, lookup
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "data": "{study}.data",
    "classifiers": "{study}.classifiers",
    "twins": "{study}.ground_truth.twins",
}

# What a checkpoint stands on besides parameters and images.
CODE = [Path(str(source.__file__)) for source in (library, training, schedule)]


def run(params: dict[str, Any], device: str, study: str, twin: str, *, models: Path, history: Path) -> None:
    place, config = open_device(device), build(Twins, params["twins"])
    block = lookup(params["classifiers"], config.classifier)
    found, rows, checkpoints = [], [], []
    for number in range(config.seeds):
        images = library.draw_twin(params["data"], twin, config, number, params["seed"])
        seed = derive(params["seed"], "twin", study, number)
        drawn = {"images": sha256(images.pixels.tobytes()).hexdigest()}  # no file has them
        checkpoints.append(Checkpoint(("train_twins", study, twin, number), params | drawn, CODE))
        label = f"{study} {twin} {number + 1} of {config.seeds}"
        trained, last = library.train_twin(block, images, seed, place, checkpoints[-1], label)
        found.append(trained)
        origin = {"study": study, "network": twin, "seed": number}
        rows.append(origin | {"loss": last["loss"], "accuracy": last["accuracy"]})
    library.save_twins(found, models)
    write_rows(history, rows, library.UNITS)
    for checkpoint in checkpoints:
        checkpoint.remove()
