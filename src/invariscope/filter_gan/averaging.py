"""Accuracy averaging (section 5.2 i of the paper), and the controls that tell what it shows.

The paper averages the convolutions with 10 generated banks, retrains what follows, and finds 0.982 where the real
network has 0.971: so the transformations would not matter for the classification. Two holes:

- Convolution is linear, so the average of the convolutions is exactly one convolution with the mean bank
  (`averaged` is the one, `mean_bank` the other): no pooling over transformations happens. `orbit_mean` and `orbit_max`
  pool after the layer's own normalisation and activation, where it does.
- The real network was not retrained. Here every condition is, on the same batches, and is compared with
  `real` + retrained. `jittered`, `shuffled` and `random` tell what retraining makes of banks that no generator made.

Our choices: a condition replaces the filters, the layer's bias stays. What follows is retrained with AdamW, batch norm
(the layer's own included) in training mode, as classifiers are trained here, because a bank of another scale needs new
running statistics.
"""

import copy
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.checkpoint import Checkpoint, collect
from invariscope.classifiers.split import UNKNOWN, Split
from invariscope.data.table import Images
from invariscope.filter_gan.banks import draw_banks, fresh, jittered, rms_deviation, shuffled
from invariscope.filter_gan.config import Averaging, Retraining
from invariscope.filter_gan.evaluation import (
    Cached,
    Convolved,
    Layer,
    Reading,
    accuracy,
    cache_below,
    open_layer,
    plain,
)
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.orbit_pooling import pool_orbit
from invariscope.intervals import interval_record
from invariscope.runtime import seeded, torch_generator
from invariscope.seeding import derive


def averaged(rest: Split, convolved: Tensor, below: tuple[Tensor, ...]) -> Tensor:
    """The network with the mean of the convolutions, as the paper has it."""
    return rest(convolved.mean(1), *below)


def pooled(rest: Split, convolved: Tensor, below: tuple[Tensor, ...], pool: str) -> Tensor:
    """The network with orbit pooling; the layer's own block must be known."""
    assert rest.own is not None
    return rest.above(pool_orbit(convolved, rest.own, pool), *below)


@dataclass(frozen=True)
class Condition:
    """What is put into the layer, and what is made of its convolutions."""

    banks: str  # a key of `bank_sets`
    reading: Reading = plain
    needs_own: bool = False  # the layer's own normalisation and activation must be known


# Neighbours with the same banks share their convolutions.
CONDITIONS = {
    "real": Condition("real"),
    "averaged": Condition("generated", averaged),
    "orbit_mean": Condition("generated", partial(pooled, pool="mean"), needs_own=True),
    "orbit_max": Condition("generated", partial(pooled, pool="max"), needs_own=True),
    "single": Condition("first"),
    "mean_bank": Condition("mean"),
    "jittered": Condition("jittered"),
    "shuffled": Condition("shuffled"),
    "random": Condition("fresh"),
}
REFERENCE = "real"
UNITS = {
    "accuracy": "fraction of the test split",
    "rms_deviation": "root mean square from the real filters over all weights; standard deviations of the real weights",
}


def bank_sets(convolution: nn.Conv2d, generator: Generator, count: int, seed: int) -> dict[str, Tensor]:
    """The banks of every condition, each (B, C_out, C_in, k, k); all but `generated` are a single one."""
    real, generated = convolution.weight.detach(), draw_banks(generator, count, seed)
    return {
        "real": real[None],
        "generated": generated,
        "first": generated[:1],
        "mean": generated.mean(0, keepdim=True),
        "jittered": jittered(real, generated, seed)[None],
        "shuffled": shuffled(real, seed)[None],
        "fresh": fresh(convolution, seed)[None],
    }


def average(
    classifier: nn.Module,
    path: str,
    generator: Generator,
    train: Images,
    test: Images,
    config: Averaging,
    seed: int,
    label: str = "averaging",
    checkpoint: Checkpoint | None = None,
) -> list[dict[str, Any]]:
    """Test accuracy of every condition and seed, with and without retraining of the layers after `path`.

    A seed means one draw of banks and one order of batches, the same for every condition. In a network that torch.fx
    cannot trace the layer's own block is not known: the orbit conditions are left out, and stderr says so.
    """
    device = next(classifier.parameters()).device
    layer = open_layer(classifier, path, train, device)
    splits = cache_below(layer, train, device), cache_below(layer, test, device)
    names = possible(layer, label)
    jobs = [(number, name) for number in range(config.seeds) for name in names]
    pairs = collect(
        lambda done: _runs(layer, generator, jobs[done:], splits, config, seed), len(jobs), checkpoint, label
    )
    return list(chain(*pairs))


def possible(layer: Layer, label: str) -> list[str]:
    """The conditions that the layer allows; what is left out is said on stderr."""
    names = [name for name, condition in CONDITIONS.items() if layer.split.own is not None or not condition.needs_own]
    missing = [name for name in CONDITIONS if name not in names]
    if missing:
        print(f"{label}: {', '.join(missing)} left out: the layer's own block is not known: {UNKNOWN}", file=sys.stderr)
    return names


def _runs(
    layer: Layer,
    generator: Generator,
    jobs: Sequence[tuple[int, str]],
    splits: tuple[Cached, Cached],
    config: Averaging,
    seed: int,
) -> Iterator[list[dict[str, Any]]]:
    """Of every job, a seed and a condition, the rows without retraining and with it."""
    real = layer.convolution.weight
    for number, own in groupby(jobs, lambda job: job[0]):
        stream = derive(seed, number)
        sets = bank_sets(layer.convolution, generator, config.banks, stream)
        for kind, group in groupby(own, lambda job: CONDITIONS[job[1]].banks):
            training, testing = (Convolved(layer, sets[kind], images).kept() for images in splits)
            deviation = rms_deviation(training.banks, real) / float(real.std())
            for _, name in group:
                reading = CONDITIONS[name].reading
                retrained = retrain(layer.split, reading, training, config.retraining, stream)
                yield [
                    {"condition": name, "retrained": rest is retrained, "seed": number}
                    | {"accuracy": accuracy(rest, reading, testing), "rms_deviation": deviation}
                    for rest in (layer.split, retrained)
                ]


def retrain(split: Split, reading: Reading, convolved: Convolved, config: Retraining, seed: int) -> Split:
    """A copy of what follows the layer, trained on its convolutions; the classifier is left as it is.

    With orbit pooling the layer's own block is trained on the convolutions with all banks, at once for a batch.
    """
    images = convolved.images
    rest = copy.deepcopy(split).requires_grad_(True).train()
    optimiser = torch.optim.AdamW(rest.parameters(), lr=config.learning_rate)
    with seeded(images.labels.device, seed, "dropout"):
        for batch in batches(len(images), config, seed):
            chosen = batch.to(images.labels.device)
            logits = reading(rest, convolved.batch(chosen), images.batch(chosen))
            optimiser.zero_grad()
            F.cross_entropy(logits, images.labels[chosen]).backward()
            optimiser.step()
    return rest.eval().requires_grad_(False)


def batches(count: int, config: Retraining, seed: int) -> Iterator[Tensor]:
    """Whole batches of every epoch, shuffled; what is left over waits for another epoch."""
    size = min(config.batch_size, count)
    for epoch in range(config.epochs):
        order = torch.randperm(count, generator=torch_generator(seed, "batches", epoch))
        yield from order[: count - count % size].split(size)


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """For each condition (`orbit_mean`, `orbit_mean_retrained`, ...) mean and 95 % interval over the seeds.

    `accuracy` is its own, `minus_real_retrained` the paired difference from the real filters + retraining (fractions).
    `averaged_minus_real_retrained` is that difference of the paper's condition. One seed has no interval: null.
    """
    summary: dict[str, Any] = {}
    reference = _accuracies(rows, REFERENCE, True)
    for condition in dict.fromkeys(row["condition"] for row in rows):
        for retrained in (False, True):
            values = _accuracies(rows, condition, retrained)
            name = f"{condition}_retrained" if retrained else condition
            summary[name] = {
                "accuracy": interval_record(values),
                "minus_real_retrained": interval_record(values - reference),
            }
    del summary[f"{REFERENCE}_retrained"]["minus_real_retrained"]
    return summary | {"averaged_minus_real_retrained": summary["averaged_retrained"]["minus_real_retrained"]}


def _accuracies(rows: Sequence[dict[str, Any]], condition: str, retrained: bool) -> np.ndarray:
    """By seed."""
    chosen = [row for row in rows if row["condition"] == condition and row["retrained"] is retrained]
    return np.array([row["accuracy"] for row in sorted(chosen, key=lambda row: row["seed"])])
