"""Train a plain autoencoder, and reconstruct a test image of each class."""

from pathlib import Path
from typing import Any

from invariscope import muon, schedule
from invariscope.checkpoint import Checkpoint
from invariscope.data.table import balanced, monitored_split, open_data, read_data, write_rows
from invariscope.files import write_json
from invariscope.generative import config as configuration
from invariscope.generative import networks, reconstruct, train
from invariscope.generative.autoencoder_file import save_autoencoder
from invariscope.generative.config import AutoencoderTraining
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "autoencoder": "{study}.generative.autoencoder"}

# What a checkpoint stands on besides its inputs.
CODE = [Path(str(source.__file__)) for source in (configuration, networks, train, muon, schedule)]
MONITORED = 500  # images that the error is followed on


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    *,
    data: Path,
    model: Path,
    history: Path,
    metrics: Path,
    reconstructions: Path,
) -> None:
    place = open_device(device)
    checkpoint = Checkpoint({"step": "train_autoencoder", **params}, [data, *CODE])
    images, test, split = read_data(data, "train"), open_data(data, "test"), monitored_split(data)
    trained, rows = train.train(
        build(AutoencoderTraining, params["autoencoder"]),
        images,
        {split: balanced(open_data(data, split), MONITORED)},
        derive(params["seed"], "autoencoder", study),
        place,
        checkpoint,
        f"{study} autoencoder",
    )
    save_autoencoder(trained, model)
    origin = {"study": study, "seed": params["seed"]}
    write_rows(history, [origin | row for row in rows], train.UNITS, ("mean_image_error",))
    examples = reconstruct.reconstructions(trained, test)
    write_rows(reconstructions, [origin | row for row in examples], reconstruct.UNITS)
    write_json(metrics, reconstruct.summarise(trained, images, test))
    checkpoint.remove()
