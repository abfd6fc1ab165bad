"""Train the mirror of a classifier to locate objects, with pooling switches and without, and measure it."""

from pathlib import Path
from typing import Any

from invariscope import batches, muon, schedule
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import balanced, monitored_split, open_data, read_data, write_rows
from invariscope.errors import placed
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive
from invariscope.unpooling import config as configuration
from invariscope.unpooling import evaluate, mirror, scenes, stages, train
from invariscope.unpooling.config import UnpoolingTraining
from invariscope.unpooling.mirror_file import save_mirrors

PARAMS = {"seed": "seed", "unpooling": "{study}.unpooling.training", "source": "{study}.data.source"}

# What a checkpoint stands on besides its inputs.
SOURCES = (batches, configuration, evaluate, mirror, muon, scenes, schedule, train)
CODE = [Path(str(source.__file__)) for source in SOURCES]
MONITORED = 120  # images that loss and IoU are followed on


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    mirrors: Path,
    history: Path,
    iou: Path,
    pictures: Path,
    metrics: Path,
) -> None:
    place, test = open_device(device), open_data(data, "test")
    checkpoint = Checkpoint(("train_unpooling", study, classifier), params, [data, model, *CODE])
    with placed(data):
        source = scenes.open_source(params["source"], test.shape[1])
    network, split = load_classifier(model, place), monitored_split(data)
    require_classes(network, test.class_names, model, data)
    with placed(model):
        mirror.chain_of(network)  # refused before anything long begins
    monitored = balanced(read_data(data, split), MONITORED)
    seed = derive(params["seed"], "unpooling", study, classifier)
    trained, rows = train.train(
        build(UnpoolingTraining, params["unpooling"]),
        network,
        source,
        read_data(data, "train"),
        {split: monitored},
        seed,
        place,
        checkpoint,
        f"{study} {classifier} unpooling",
    )
    save_mirrors(trained, mirrors)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_rows(history, [origin | row for row in rows], train.UNITS, ("iou",))
    locator = evaluate.Locator(trained, network, place)
    found, summary = evaluate.evaluate(locator, source, test, seed)
    write_rows(iou, [origin | row for row in found], evaluate.UNITS, ("ci_low", "ci_high"))
    shown = stages.pictures(locator, source, test, seed)
    write_rows(pictures, [origin | row for row in shown], stages.UNITS, ("iou",))
    write_json(metrics, summary)
    checkpoint.remove()
