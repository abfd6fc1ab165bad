"""Search an autoencoder's latent box for what a classifier's classes and channels answer to most, and climb there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import load_classifier, require_classes
from invariscope.data.table import write_rows
from invariscope.features import ascent as climbing
from invariscope.features import latent_box, objectives, relus
from invariscope.features import latent_tables as tables
from invariscope.features import search as searching
from invariscope.features.ascent import LatentAscent, ascend, paper_ascent
from invariscope.features.config import Units
from invariscope.features.latent_files import load_pair
from invariscope.features.objectives import Probe, parse
from invariscope.features.search import LatentSearch, search
from invariscope.features.visualize import shape_of
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
    model: Path,
    autoencoder: Path,
    judges: Sequence[Path],
    latents: Path,
    curves: Path,
    paths: Path,
    metrics: Path,
) -> None:
    place = open_device(device)
    units, config = build(Units, params["units"]), build(LatentAscent, params["ascent"])
    network, decoder = load_pair(model, autoencoder, place)
    known = {classifier: network}
    for name, path in zip(units.judges, judges, strict=True):
        known[name] = load_classifier(path, place)
        require_classes(known[name], network.class_names, path, model)
    seed, label = derive(params["seed"], "latents", study, classifier), f"{study} {classifier} latent"
    names, shape = network.class_names, shape_of(network, None)
    probe = Probe(network, tables.objectives_of(units, names), shape)
    few = Probe(network, [parse(one, names) for one in tables.followed(units)], shape)
    checkpoints = [
        Checkpoint({"step": "search_latents", "part": part, **params}, [model, autoencoder, *CODE])
        for part in ("search", "ascent")
    ]
    found = search(decoder, probe, build(LatentSearch, params["search"]), seed, checkpoints[0], f"{label} search")
    climbed = ascend(decoder, probe, config, seed, checkpoints[1], f"{label} ascent")
    plain = ascend(decoder, few, paper_ascent(config.starts * config.steps), seed, label=f"{label} ascent, the paper's")
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    rows = tables.search_rows(decoder, known, probe.objectives, found, climbed)
    write_rows(latents, [origin | row for row in rows], tables.UNITS)
    best = tables.curve_rows(probe.objectives, found, climbed)
    write_rows(curves, [origin | row for row in best], tables.CURVE_UNITS)
    chosen = [probe.objectives.index(one) for one in few.objectives]
    ways = {tables.PAPER: plain, tables.ASCENT: climbed.of(chosen)}
    steps = tables.path_rows(decoder, few.objectives, names, tables.scale_of(found).of(chosen), ways)
    write_rows(paths, [origin | row for row in steps], tables.PATH_UNITS)
    write_json(metrics, tables.summarise(rows, units.judges))
    for checkpoint in checkpoints:
        checkpoint.remove()
