"""Train an autoencoder of one kind (autoencoder, variational, sparse or dense), and reconstruct a test image of each
class."""

from pathlib import Path
from typing import Any

from invariscope import batches, muon, schedule
from invariscope.checkpoint import Checkpoint
from invariscope.data.table import balanced, monitored_split, open_data, read_data, write_rows
from invariscope.files import write_json
from invariscope.generative import config as configuration
from invariscope.generative import networks, reconstruct, sparse, train, variational
from invariscope.generative.config import coder_training
from invariscope.generative.network_file import save_network
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "settings": "{study}.generative.{kind}"}

# What a checkpoint stands on besides its inputs.
SOURCES = (batches, configuration, muon, networks, schedule, sparse, train, variational)
CODE = [Path(str(source.__file__)) for source in SOURCES]
MONITORED = 500  # images that the error is followed on


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    kind: str,
    *,
    data: Path,
    model: Path,
    history: Path,
    metrics: Path,
    reconstructions: Path,
) -> None:
    config = coder_training(kind, params["settings"])
    place = open_device(device)
    checkpoint = Checkpoint(("train_autoencoder", study, kind), params, [data, *CODE])
    images, test, split = read_data(data, "train"), open_data(data, "test"), monitored_split(data)
    monitored = {split: balanced(open_data(data, split), MONITORED)}
    # Not named after its kind: sparse and dense start alike, and see the same batches.
    seed = derive(params["seed"], "autoencoder", study)
    trained, rows = train.train(config, images, monitored, seed, place, checkpoint, f"{study} {kind}")
    save_network(trained, model)
    origin = {"study": study, "kind": kind, "seed": params["seed"]}
    write_rows(history, [origin | row for row in rows], train.UNITS, ("loss", "divergence", "mean_image_error"))
    examples = reconstruct.reconstructions(trained, test)
    write_rows(reconstructions, [origin | row for row in examples], reconstruct.UNITS)
    write_json(metrics, reconstruct.summarise(trained, images, test))
    checkpoint.remove()
