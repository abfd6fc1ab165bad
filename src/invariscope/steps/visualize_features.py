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
from invariscope.features.ascent import LatentAscent
from invariscope.features.config import Gallery, Units
from invariscope.features.decoded import Decoders, decoded_images
from invariscope.features.judges import load_judges
from invariscope.features.latent_files import load_decoder
from invariscope.features.latent_tables import objectives_of
from invariscope.features.objectives import Probe
from invariscope.features.visualize import shape_of
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "gallery": "{study}.features.gallery",
    "units": "{study}.features.classifiers.{classifier}",
    "decoders": "{study}.features.decoders",
    "ascent": "{study}.features.ascent",
}

# What a checkpoint stands on besides its inputs.
SOURCES = (
    configuration,
    examples,
    gallery,
    objective,
    optimise,
    parameterizations,
    relus,
    robustness,
    variety,
    warp,
)
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
    decoders: list[Path],
    judges: list[Path],
    objectives: Path,
    transfer: Path,
    metrics: Path,
) -> None:
    """`judges`: the classifier itself, then those that units name. `decoders`: the autoencoder, whose images `latents`
    has, then the networks that the parameters name."""
    place = open_device(device)
    config, units = build(Gallery, params["gallery"]), build(Units, params["units"])
    network, train = load_classifier(model, place), open_data(data, "train")
    require_classes(network, train.class_names, model, data)
    known = load_judges((classifier, *units.judges), judges, network, model, place)
    seed = derive(params["seed"], "features", study, classifier)
    label = f"{study} {classifier} feature visualisation"
    best = read_table(
        latents, ("objective", "method", "rank", "image"), [("method", "==", "ascent"), ("rank", "==", 1)]
    )
    searched = dict(zip(best["objective"].to_pylist(), column_images(best["image"]), strict=True))
    settings = build(Decoders, params["decoders"])
    others = {
        name: load_decoder(path, network, model) for name, path in zip(settings.networks, decoders[1:], strict=True)
    }
    probe = Probe(network, objectives_of(units, network.class_names), shape_of(network, None))
    climbed = decoded_images(others, probe, settings, build(LatentAscent, params["ascent"]), train, seed, label)
    made = [gallery.Decoded("autoencoder", searched), *climbed]
    inputs = [data, model, latents, *decoders, *CODE]
    checkpoint = Checkpoint(("visualize_features", study, classifier), params, inputs)
    rows = gallery.draw_gallery(network, units, config, train, seed, made, checkpoint, label)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    write_rows(objectives, [origin | row for row in rows], gallery.UNITS, ("value", "share"))
    verdicts = gallery.judge_transfer(rows, known)
    write_rows(transfer, [origin | row for row in verdicts], gallery.TRANSFER_UNITS)
    write_json(metrics, gallery.summarise(rows, verdicts))
    checkpoint.remove()
