"""Images that make units of a classifier answer most, by every method, beside the data set's; who knows them."""

from pathlib import Path
from typing import Any

from invariscope import warp
from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import column_images, open_data, read_table, write_rows
from invariscope.features import config as configuration
from invariscope.features import examples, gallery, optimise, parameterizations, relus, robustness, variety
from invariscope.features import objectives as objective
from invariscope.features.config import Gallery, Units
from invariscope.features.judges import load_judges
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "gallery": "{study}.features.gallery",
    "units": "{study}.features.classifiers.{classifier}",
}

# What a checkpoint stands on besides its inputs.
SOURCES = (configuration, examples, gallery, objective, optimise, parameterizations, relus, robustness, variety, warp)
CODE = [Path(str(source.__file__)) for source in SOURCES]


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    latents: Path,
    judges: list[Path],
    objectives: Path,
    transfer: Path,
    metrics: Path,
) -> None:
    """`judges`: the classifier itself, then those that units name."""
    place = open_device(device)
    config, units = build(Gallery, params["gallery"]), build(Units, params["units"])
    network, train = load_classifier(model, place), open_data(data, "train")
    require_classes(network, train.class_names, model, data)
    known = load_judges((classifier, *units.judges), judges, network, model, place)
    seed = derive(params["seed"], "features", study, classifier)
    best = read_table(
        latents, ("objective", "method", "rank", "image"), [("method", "==", "ascent"), ("rank", "==", 1)]
    )
    decoded = dict(zip(best["objective"].to_pylist(), column_images(best["image"]), strict=True))
    label = f"{study} {classifier} feature visualisation"
    made = [gallery.Decoded("decoder", decoded)]
    checkpoint = Checkpoint({"step": "visualize_features", **params}, [data, model, latents, *CODE])
    rows = gallery.draw_gallery(network, units, config, train, seed, made, checkpoint, label)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_rows(objectives, [origin | row for row in rows], gallery.UNITS, ("value", "share"))
    verdicts = gallery.judge_transfer(rows, known)
    write_rows(transfer, [origin | row for row in verdicts], gallery.TRANSFER_UNITS)
    write_json(metrics, gallery.summarise(rows, verdicts))
    checkpoint.remove()
