"""Why the paper's ascent in the latent space failed: its own, and one mend at a time; and where its gradients go.

The paper (section 3.5) starts at one random code, does not move far, and blames vanishing gradients. Each variant here
differs from it in one thing. What is noted of each climber tells causes apart: a gradient that is exactly zero at the
start, one that is small there, a walk that ends at a wall of the box, one that still gains when its steps are over,
and one that has come to rest under what the samples reach: a local maximum.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.features.ascent import (
    BATCH,
    Ascent,
    LatentAscent,
    ascend,
    differentiate_all,
    inward,
    paper_ascent,
)
from invariscope.features.gradients import LATENT, layer_gradients
from invariscope.features.latent_box import Decoder, uniform
from invariscope.features.latent_tables import SHARE, Scale
from invariscope.features.objectives import Probe

PAPER, OURS = "the paper's", "ours"
RANDOM, ENDS = "at random codes", "where the paper's ascent ends"
SLOPE, STARTS, MORE = 0.1, 4, 4  # of the mends that are not in ours
VARIANT_UNITS = {
    "evaluations": "decoded images, for this objective",
    "value": "of the objective, the best of the climbers; a unit's own scale",
    "share": SHARE,
    "reached": "whether the value is at least the best sample's",
    "start_gradient": "norm, of the objective's unit a side of the box",
    "end_gradient": "likewise, along walls that are met",
    "moved": "from the start to the best point, sides of the box",
    "late_gain": "share gained in the second half of the steps",
    "walls": "fraction of the coordinates at a wall of the box, at the best point",
}
GRADIENT_UNITS = {
    "depth": "layers, from the latent code on",
    "norm": "Euclidean, of the objective's unit a unit of the layer's; median over codes",
    "norm_low": "tenth percentile over codes",
    "norm_high": "ninetieth percentile over codes",
    "zeros": "fraction of the layer's gradient that is exactly zero, mean over codes",
    "vanished": "fraction of the codes at which the whole of it is exactly zero",
    "n_codes": "codes",
}
QUANTILES = (0.1, 0.5, 0.9)
Row = dict[str, Any]


@dataclass(frozen=True)
class Diagnosis:
    """How much is tried."""

    classes: int = 12  # whose logits are climbed, spread evenly over all
    steps: int = 60
    codes: int = 200  # random ones, at which gradients are measured


def variants(config: Diagnosis, ours: LatentAscent) -> dict[str, LatentAscent]:
    """The paper's ascent, that with one mend, and ours."""
    paper = paper_ascent(config.steps)
    return {
        PAPER: paper,
        "many more steps": replace(paper, steps=MORE * config.steps),
        "steps that shorten": replace(paper, decay=ours.decay),
        "Adam": replace(paper, normalised=False, learning_rate=ours.learning_rate, decay=ours.decay),
        "leaky gradients": replace(paper, slope=SLOPE),
        "several starts": replace(paper, starts=STARTS),
        "best of many samples": replace(paper, candidates=ours.candidates, candidates_from="samples"),
        "best of training codes": replace(paper, candidates=ours.candidates, candidates_from="codes"),
        OURS: ours,
    }


def diagnose(
    decoder: Decoder,
    probe: Probe,
    scale: Scale,
    config: Diagnosis,
    ours: LatentAscent,
    seed: int,
    codes: Tensor | None = None,
) -> tuple[list[Row], list[Row]]:
    """Rows of every variant and objective of `probe`, and rows of every layer at random codes and at the ends."""
    found, climbed = [], {}
    for name, variant in variants(config, ours).items():
        own = codes if variant.candidates_from == "codes" and variant.candidates else None
        climbed[name] = ascend(decoder, probe, variant, seed, own, label=f"latent ascent, {name}")
        found += variant_rows(decoder, probe, scale, name, climbed[name])
    which = torch.arange(config.codes) % len(probe.objectives)
    ways, _ = climbed[PAPER].leaders()
    places = (
        (RANDOM, uniform(decoder, config.codes, seed, "codes"), which),
        (ENDS, ways[-1], torch.arange(len(ways[-1]))),
    )
    return found, [row for place, points, of in places for row in gradient_rows(decoder, probe, place, points, of)]


def variant_rows(decoder: Decoder, probe: Probe, scale: Scale, variant: str, climbed: Ascent) -> list[Row]:
    """A row an objective."""
    ways, heights = climbed.leaders()  # (S, K, d), (S, K)
    values, steps = heights.max(0)  # (K,)
    every = torch.arange(len(values))
    top, half = ways[steps, every], heights[: max(1, len(heights) // 2)].amax(0)
    columns = {
        "value": values,
        "share": scale.share(values),
        "reached": values >= scale.best,
        "start_gradient": slope_at(decoder, probe, ways[0]),
        "end_gradient": slope_at(decoder, probe, top),
        "moved": (top - ways[0]).norm(dim=1),
        "late_gain": scale.share(values) - scale.share(half),
        "walls": ((top <= 0) | (top >= 1)).double().mean(1),
    }
    return [
        {"variant": variant, "objective": str(objective), "evaluations": climbed.evaluations}
        | {name: column[number].item() for name, column in columns.items()}
        for number, objective in enumerate(probe.objectives)
    ]


def slope_at(decoder: Decoder, probe: Probe, points: Tensor) -> Tensor:
    """(K,) norms of every objective's gradient at its own of points (K, d), along walls that are met."""
    points = points[:, None].to(decoder.low.device)
    _, gradient = differentiate_all(decoder, probe, points, torch.arange(len(points), device=points.device))
    return inward(gradient, points).norm(dim=2)[:, 0].cpu()


def gradient_rows(decoder: Decoder, probe: Probe, place: str, points: Tensor, which: Tensor) -> list[Row]:
    """A row a layer, at points (N, d), each for one of the objectives `which` (N,)."""
    parts = [
        layer_gradients(decoder, probe, part.to(decoder.low.device), numbers.to(decoder.low.device))
        for part, numbers in zip(points.split(BATCH), which.split(BATCH), strict=True)
    ]
    rows = []
    for depth, layers in enumerate(zip(*parts, strict=True)):
        norms, zeros = (torch.cat([getattr(layer, name) for layer in layers]) for name in ("norms", "zeros"))
        low, median, high = norms.double().quantile(torch.tensor(QUANTILES, dtype=torch.float64)).tolist()
        first = layers[0]
        rows.append(
            {"place": place, "network": first.network, "module": first.module, "kind": first.kind, "depth": depth}
            | {"norm": median, "norm_low": low, "norm_high": high, "zeros": zeros.mean().item()}
            | {"vanished": (norms == 0).double().mean().item(), "n_codes": len(norms)}
        )
    return rows


def summarise(found: list[Row], gradients: list[Row]) -> dict[str, Any]:
    """The figures of metrics.json."""
    shares: dict[str, Any] = {}
    for variant in dict.fromkeys(row["variant"] for row in found):
        own = [row for row in found if row["variant"] == variant]
        shares[variant] = {
            "evaluations": own[0]["evaluations"],
            "reached": sum(row["reached"] for row in own) / len(own),
            "median_share": float(np.median([row["share"] for row in own])),
        }
    codes = next(row for row in gradients if row["place"] == RANDOM and row["network"] == LATENT)
    return {"vanished_at_random_codes": codes["vanished"], "variants": shares}
