"""Images that make units of a classifier answer most, by every method, beside the data set's; who knows them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import column_images, open_data, read_table, write_rows
from invariscope.features import gallery
from invariscope.features.config import Gallery, Units
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "gallery": "{study}.features.gallery",
    "units": "{study}.features.classifiers.{classifier}",
}


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    latents: Path,
    judges: Sequence[Path],
    objectives: Path,
    transfer: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    config, units = build(Gallery, params["gallery"]), build(Units, params["units"])
    network, train = load_classifier(model, place), open_data(data, "train")
    require_classes(network, train.class_names, model, data)
    known = {classifier: network} | {
        name: load_classifier(path, place) for name, path in zip(units.judges, judges, strict=True)
    }
    for judge, path in zip(known, (model, *judges), strict=True):
        require_classes(known[judge], train.class_names, path, data)
    seed = derive(params["seed"], "features", study, classifier)
    best = read_table(
        latents, ("objective", "method", "rank", "image"), [("method", "==", "ascent"), ("rank", "==", 1)]
    )
    decoded = dict(zip(best["objective"].to_pylist(), column_images(best["image"]), strict=True))
    label = f"{study} {classifier} feature visualisation"
    rows = gallery.draw_gallery(network, units, config, train, seed, [gallery.Decoded("decoder", decoded)], label)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_rows(objectives, [origin | row for row in rows], gallery.UNITS, ("value", "share"))
    verdicts = gallery.judge_transfer(rows, known)
    write_rows(transfer, [origin | row for row in verdicts], gallery.TRANSFER_UNITS)
    write_json(metrics, gallery.summarise(rows, verdicts))
