"""Generative networks judged: how real their images are in the feature spaces of classifiers, and all tables of them.

Distances are between equal numbers of images, some draws of them; beside them stand real images from real ones, the
least that can be reached, and what an autoencoder makes of test images themselves, which shows how much of a distance
is the decoder's and how much the way in which codes are drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images, Split, balanced
from invariscope.generative import sheets
from invariscope.generative.code_statistics import ENCODED, correlation_rows, measure_codes, unit_rows
from invariscope.generative.codes import codes_of
from invariscope.generative.config import GenerativeEvaluation
from invariscope.generative.frechet import Moments, Seen, frechet_distance, look_at, moments
from invariscope.generative.measures import mean_row
from invariscope.generative.networks import Coder
from invariscope.generative.sheets import Network, drawn_images, images_of
from invariscope.generative.sparse import TwoLayer
from invariscope.progress import track
from invariscope.runtime import torch_generator

REAL = "real"  # images of the data set, in the place of a network's
DRAWN, BOX = "drawn", "box"  # where codes are from: as the network draws them; uniform in the box; or ENCODED
Row = dict[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """Rows of the tables that tell of generative networks."""

    rows: list[Row]  # kind, codes, judge, metric, value, ci_low, ci_high, n
    units: list[Row]
    correlations: list[Row]
    samples: list[Row]
    sweeps: list[Row]
    basis: list[Row]


def evaluate(
    networks: Mapping[str, Network],
    judges: Mapping[str, Classifier],
    config: GenerativeEvaluation,
    train: Split,
    test: Split,
    seed: int,
    label: str = "generative networks",
) -> Evaluation:
    """Judge networks by name, against equally many images of each class; the first judge says what samples show."""
    held_out = shuffled(test, config.images, seed)
    seen = shuffled(train, config.draws * len(held_out), seed)
    references = {name: moments(look_at(judge, held_out.pixels).features) for name, judge in judges.items()}
    coders = {kind: network for kind, network in networks.items() if isinstance(network, Coder)}
    codes = {kind: codes_of(coder, held_out) for kind, coder in coders.items()}
    first = next(iter(judges.values()))
    found = Evaluation(real_rows(judges, references, seen, len(held_out)), [], [], [], [], [])
    for kind, network in track(networks.items(), label, len(networks)):
        own = codes.get(kind)
        draws = drawn_by(kind, network, config.draws, len(held_out), seed, own)
        found.rows.extend(judged_rows(kind, draws, judges, references))
        found.samples.extend(sheets.sample_rows(kind, network, first, torch_generator(seed, kind, "sheet")))
        starts = network.draw(1, torch_generator(seed, kind, "sweep")) if own is None else own
        found.sweeps.extend(sheets.sweep_rows(kind, network, starts[0].clone()))
    for kind, coder in coders.items():
        found.rows.extend(measure_codes(kind, coder, held_out, codes[kind], config.resamples, seed))
        found.units.extend(unit_rows(kind, coder, held_out, codes[kind]))
        found.correlations.extend(correlation_rows(kind, codes[kind]))
        if isinstance(coder, TwoLayer):
            found.basis.extend(sheets.basis_rows(kind, coder, codes[kind]))
    return found


def shuffled(images: Split, limit: int, seed: int) -> Images:
    """At most `limit` images, of each class as many, in random order: any part of them has all classes."""
    chosen = balanced(images, limit)
    return chosen.at(torch.randperm(len(chosen), generator=torch_generator(seed, "images")).numpy())


def real_rows(
    judges: Mapping[str, Classifier], references: Mapping[str, Moments], train: Images, count: int
) -> list[Row]:
    """Training images in the place of a network's: so many, several times."""
    starts = range(0, max(1, len(train) - count + 1), count)
    draws = [train.at(np.arange(start, min(start + count, len(train)))).pixels for start in starts]
    return judged_rows(REAL, {REAL: draws}, judges, references)


def drawn_by(
    kind: str, network: Network, draws: int, count: int, seed: int, codes: Tensor | None
) -> dict[str, list[np.ndarray]]:
    """A network's images, `count` a draw, by where their codes are from; `codes` (N, d) are those of test images."""
    streams = [torch_generator(seed, kind, "samples", draw) for draw in range(draws)]
    found = {DRAWN: [drawn_images(network, count, random) for random in streams]}
    if codes is not None:
        points = torch.rand(count, network.latent_dimension, generator=torch_generator(seed, kind, "box"))
        found[BOX] = [images_of(network, torch.lerp(network.low, network.high, points.to(network.low)))]
        found[ENCODED] = [images_of(network, codes)]
    return found


def judged_rows(
    kind: str,
    draws: Mapping[str, Sequence[np.ndarray]],
    judges: Mapping[str, Classifier],
    references: Mapping[str, Moments],
) -> list[Row]:
    """Every judge's figures of draws of images (N, C, H, W) uint8, against its reference, that of test images."""
    rows = []
    for judge, classifier in judges.items():
        for codes, images in draws.items():
            figures = judged([look_at(classifier, some) for some in images], references[judge])
            rows += [{"kind": kind, "codes": codes, "judge": judge} | row for row in figures]
    return rows


def judged(draws: Sequence[Seen], reference: Moments) -> list[Row]:
    """Distance from the reference, share of the classes that are found, and confidence, over draws."""
    measured = {
        "frechet_distance": [frechet_distance(reference, moments(seen.features)) for seen in draws],
        "classes": [len(seen.logits.argmax(1).unique()) / seen.logits.shape[1] for seen in draws],
        "confidence": [seen.logits.softmax(1).amax(1).mean().item() for seen in draws],
    }
    return [mean_row(metric, values) for metric, values in measured.items()]


def summarise(rows: Sequence[Row], judge: str) -> dict[str, Any]:
    """The figures of metrics.json, by network: those without a judge, and the first judge's."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["judge"] in (None, judge):
            name = row["metric"] if row["codes"] in (REAL, ENCODED) and row["judge"] is None else None
            found.setdefault(row["kind"], {})[name or f"{row['metric']}, {row['codes']}"] = row["value"]
    return found
