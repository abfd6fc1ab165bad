"""Search and ascent of all units of a classifier in one latent box, with the paper's ascent of a few beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import Classifier
from invariscope.features import latent_tables as tables
from invariscope.features.ascent import Ascent, LatentAscent, ascend, paper_ascent
from invariscope.features.config import Units
from invariscope.features.latent_box import Decoder
from invariscope.features.objectives import Probe, parse
from invariscope.features.search import Found, LatentSearch, search
from invariscope.features.visualize import shape_of

LONGER = 4  # times as many steps as a climber of ours has, of the paper's ascent


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
    network: Classifier,
    decoder: Decoder,
    units: Units,
    searching: LatentSearch,
    climbing: LatentAscent,
    starts: Tensor | None,
    seed: int,
    checkpoints: Sequence[Checkpoint | None] = (None, None, None),
    label: str = "latent",
) -> Explored:
    """Sample and climb every objective of `units`; climbers start among points `starts` (C, d), or uniform ones.

    `checkpoints` are of the search, of the ascent and of the paper's. Raises UserError if the classifier lacks a unit.
    """
    names, shape = network.class_names, shape_of(network, None)
    probe = Probe(network, tables.objectives_of(units, names), shape)
    few = Probe(network, [parse(one, names) for one in tables.followed(units)], shape)
    samples = search(decoder, probe, searching, seed, checkpoints[0], f"{label} search")
    climbed = ascend(decoder, probe, climbing, seed, starts, checkpoints[1], f"{label} ascent")
    paper = paper_ascent(LONGER * climbing.steps)
    plain = ascend(decoder, few, paper, seed, None, checkpoints[2], f"{label} ascent, the paper's")
    return Explored(probe, samples, climbed, few, plain)
