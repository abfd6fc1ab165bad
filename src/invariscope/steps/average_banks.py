"""Average and pool over generated banks, beside controls, and retrain what follows: is accuracy kept?"""

from pathlib import Path
from typing import Any

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers import split
from invariscope.data.table import read_data, write_rows
from invariscope.files import write_json
from invariscope.filter_gan import averaging, banks, evaluation, networks, orbit_pooling
from invariscope.filter_gan.config import Averaging
from invariscope.filter_gan.generator_file import load_with_classifier
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "averaging": "{study}.filter_gan.averaging"}

# What a checkpoint stands on besides its inputs.
CODE = [Path(str(source.__file__)) for source in (averaging, banks, evaluation, networks, orbit_pooling, split)]


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
    metrics: Path,
) -> None:
    place = open_device(device)
    config = build(Averaging, params["averaging"])
    trained, module, network = load_with_classifier(generator, model, place)
    checkpoint = Checkpoint(("average_banks", study, classifier, layer), params, [data, model, generator, *CODE])
    rows = averaging.average(
        network,
        module,
        trained,
        read_data(data, "train", config.images),
        read_data(data, "test"),
        config,
        derive(params["seed"], "averaging", study, classifier, layer),
        f"{study} {classifier} {layer} averaging",
        checkpoint,
    )
    origin = {"study": study, "classifier": classifier, "layer": layer}
    write_rows(accuracy, [origin | row for row in rows], averaging.UNITS)
    write_json(metrics, averaging.summarise(rows))
    checkpoint.remove()
