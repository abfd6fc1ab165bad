"""Search an autoencoder's latent box for what a classifier's classes and channels answer to most, and climb there."""

from pathlib import Path
from typing import Any

from invariscope.checkpoint import Checkpoint
from invariscope.data.table import write_rows
from invariscope.features import ascent as climbing
from invariscope.features import latent_box, objectives, relus
from invariscope.features import latent_tables as tables
from invariscope.features import search as searching
from invariscope.features.ascent import LatentAscent
from invariscope.features.config import Units
from invariscope.features.explore import explore
from invariscope.features.judges import load_judges
from invariscope.features.latent_files import candidates, load_pair
from invariscope.features.search import LatentSearch
from invariscope.files import write_json
from invariscope.params import build
from invariscope.runtime import open_device
from invariscope.seeding import derive

PARAMS = {
    "seed": "seed",
    "search": "{study}.features.search",
    "ascent": "{study}.features.ascent",
    "units": "{study}.features.classifiers.{classifier}",
}

# What a checkpoint stands on besides its inputs.
CODE = [Path(str(source.__file__)) for source in (climbing, latent_box, objectives, relus, searching)]


def run(
    params: dict[str, Any],
    device: str,
    study: str,
    classifier: str,
    *,
    data: Path,
    model: Path,
    autoencoder: Path,
    judges: list[Path],
    latents: Path,
    curves: Path,
    paths: Path,
    metrics: Path,
) -> None:
    """`judges`: the classifier itself, then those that units name."""
    place, units = open_device(device), build(Units, params["units"])
    config = build(LatentAscent, params["ascent"])
    network, decoder = load_pair(model, autoencoder, place)
    known = load_judges((classifier, *units.judges), judges, network, model, place)
    checkpoints = [
        Checkpoint(("search_latents", study, classifier, part), params, [data, model, autoencoder, *CODE])
        for part in ("search", "ascent", "paper's ascent")
    ]
    seed, label = derive(params["seed"], "latents", study, classifier), f"{study} {classifier} latent"
    samples, starts = build(LatentSearch, params["search"]), candidates(data, decoder, config)
    found = explore(network, decoder, units, samples, config, starts, seed, checkpoints, label)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    rows = tables.search_rows(decoder, known, found.probe.objectives, found.samples, found.climbed)
    for file, content, columns in (
        (latents, rows, tables.UNITS),
        (curves, tables.curve_rows(found.probe.objectives, found.samples, found.climbed), tables.CURVE_UNITS),
        (paths, found.ways(decoder, network.class_names), tables.PATH_UNITS),
    ):
        write_rows(file, [origin | row for row in content], columns)
    write_json(metrics, tables.summarise(rows, units.judges))
    for checkpoint in checkpoints:
        checkpoint.remove()
