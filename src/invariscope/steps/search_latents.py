"""Search an autoencoder's latent box for what a classifier's classes and channels answer to most, and climb there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import write_rows
from invariscope.features import ascent as climbing
from invariscope.features import latent_box, objectives, relus
from invariscope.features import latent_tables as tables
from invariscope.features import search as searching
from invariscope.features.ascent import Ascent, LatentAscent, ascend, paper_ascent
from invariscope.features.config import Units
from invariscope.features.judges import load_judges
from invariscope.features.latent_box import Decoder
from invariscope.features.latent_files import candidates, load_pair
from invariscope.features.objectives import Probe, parse
from invariscope.features.search import Found, LatentSearch, search
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

LONGER = 4  # times as many steps as a climber of ours has, of the paper's ascent

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
    place, names = open_device(device), build(Units, params["units"]).judges
    config = build(LatentAscent, params["ascent"])
    network, decoder = load_pair(model, autoencoder, place)
    known = load_judges((classifier, *names), judges, network, model, place)
    checkpoints = [
        Checkpoint({"step": "search_latents", "part": part, **params}, [data, model, autoencoder, *CODE])
        for part in ("search", "ascent")
    ]
    seed, label = derive(params["seed"], "latents", study, classifier), f"{study} {classifier} latent"
    found = explore(params, config, network, decoder, candidates(data, decoder, config), seed, checkpoints, label)
    origin = {"study": study, "classifier": classifier, "seed": params["seed"]}
    rows = tables.search_rows(decoder, known, found.probe.objectives, found.samples, found.climbed)
    for file, content, columns in (
        (latents, rows, tables.UNITS),
        (curves, tables.curve_rows(found.probe.objectives, found.samples, found.climbed), tables.CURVE_UNITS),
        (paths, found.ways(decoder, network.class_names), tables.PATH_UNITS),
    ):
        write_rows(file, [origin | row for row in content], columns)
    write_json(metrics, tables.summarise(rows, names))
    for checkpoint in checkpoints:
        checkpoint.remove()


@dataclass(frozen=True)
class Explored:
    """What search and ascent have found, and the paper's ascent of a few objectives."""

    probe: Probe
    samples: Found
    climbed: Ascent
    few: Probe
    plain: Ascent

    def ways(self, decoder: Decoder, class_names: Sequence[str]) -> list[dict[str, Any]]:
        chosen = [self.probe.objectives.index(one) for one in self.few.objectives]
        climbed = {tables.PAPER: self.plain, tables.ASCENT: self.climbed.of(chosen)}
        scale = tables.scale_of(self.samples).of(chosen)
        return tables.path_rows(decoder, self.few.objectives, class_names, scale, climbed)


def explore(
    params: dict[str, Any],
    config: LatentAscent,
    network: Classifier,
    decoder: Decoder,
    starts: Tensor | None,
    seed: int,
    checkpoints: Sequence[Checkpoint],
    label: str,
) -> Explored:
    units = build(Units, params["units"])
    names, shape = network.class_names, shape_of(network, None)
    probe = Probe(network, tables.objectives_of(units, names), shape)
    few = Probe(network, [parse(one, names) for one in tables.followed(units)], shape)
    samples = search(decoder, probe, build(LatentSearch, params["search"]), seed, checkpoints[0], f"{label} search")
    climbed = ascend(decoder, probe, config, seed, starts, checkpoints[1], f"{label} ascent")
    plain = ascend(decoder, few, paper_ascent(LONGER * config.steps), seed, label=f"{label} ascent, the paper's")
    return Explored(probe, samples, climbed, few, plain)
