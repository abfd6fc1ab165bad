"""Accuracy averaging (section 5.2 i of the paper): do the learned transformations matter for the classification?

The paper averages the convolutions with 10 generated banks and retrains what follows. Convolution is linear, so that is
exactly one convolution with the mean bank, and is computed so. Our choices: the layers after it are retrained with
AdamW, batch norm (the layer's own included) in training mode, as classifiers are trained here, because a bank of
another scale needs new running statistics; and the real bank is retrained alike, on the same batches.
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.classifiers.split import Split
from invariscope.classifiers.surgery import convolve_bank
from invariscope.data.table import Images
from invariscope.filter_gan.config import Averaging, Retraining
from invariscope.filter_gan.evaluation import Cached, Layer, bank_accuracy, cache_below, open_layer
from invariscope.filter_gan.networks import Generator
from invariscope.intervals import mean_interval
from invariscope.progress import track
from invariscope.runtime import seeded, torch_generator
from invariscope.seeding import derive

# What each condition puts into the layer, from the real bank and the generated ones (B, C_out, C_in, k, k).
CONDITIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "real": lambda real, banks: real,
    "averaged": lambda real, banks: banks.mean(0),
}
REFERENCE = "real"


def average(
    classifier: nn.Module,
    path: str,
    generator: Generator,
    train: Images,
    test: Images,
    config: Averaging,
    seed: int,
    label: str = "averaging",
) -> list[dict[str, Any]]:
    """Test accuracy of every condition and seed, with and without retraining of the layers after `path`.

    A seed means one draw of banks and one order of batches, the same for every condition.
    """
    device = next(classifier.parameters()).device
    layer = open_layer(classifier, path, train, device)
    training, testing = cache_below(layer, train, device), cache_below(layer, test, device)
    rows = []
    runs = [(number, condition) for number in range(config.seeds) for condition in CONDITIONS]
    for number, condition in track(runs, label, len(runs)):
        stream = derive(seed, number)
        bank = CONDITIONS[condition](layer.convolution.weight, draw_banks(generator, config.banks, stream))
        retrained = retrain(layer, bank, training, config.retraining, stream)
        for rest in (layer.split, retrained):
            accuracy = bank_accuracy(layer, rest, bank, testing)
            row = {"condition": condition, "retrained": rest is retrained, "seed": number, "accuracy": accuracy}
            rows.append(row)
    return rows


@torch.no_grad()
def draw_banks(generator: Generator, count: int, seed: int) -> Tensor:
    """(count, C_out, C_in, k, k)"""
    random = torch_generator(seed, "banks")
    z = torch.randn(count, generator.latent_dimension, generator=random)
    return generator(z.to(generator.scale.device))


def retrain(layer: Layer, bank: Tensor, images: Cached, config: Retraining, seed: int) -> Split:
    """A copy of what follows the layer, trained on its output with `bank`; the classifier is left as it is."""
    rest = copy.deepcopy(layer.split).requires_grad_(True).train()
    optimiser = torch.optim.AdamW(rest.parameters(), lr=config.learning_rate)
    with seeded(images.labels.device, seed, "dropout"):
        for chosen in batches(len(images), config, seed):
            below = images.batch(chosen.to(images.labels.device))
            with torch.no_grad():
                convolved = convolve_bank(below[0], bank, layer.convolution)
            loss = F.cross_entropy(rest(convolved, *below), images.labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return rest.eval().requires_grad_(False)


def batches(count: int, config: Retraining, seed: int) -> Iterator[Tensor]:
    """Whole batches of every epoch, shuffled; what is left over waits for another epoch."""
    size = min(config.batch_size, count)
    for epoch in range(config.epochs):
        order = torch.randperm(count, generator=torch_generator(seed, "batches", epoch))
        yield from order[: count - count % size].split(size)


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds, and the paired difference of averaged + retrained from real + retrained, with its interval."""
    summary: dict[str, Any] = {}
    for condition in CONDITIONS:
        for retrained in (False, True):
            name = f"{condition}_retrained" if retrained else condition
            summary[name] = mean_interval(_accuracies(rows, condition, retrained))[0]
    difference = _accuracies(rows, "averaged", True) - _accuracies(rows, REFERENCE, True)
    names = ("mean", "ci_low", "ci_high")
    values = (None if math.isnan(value) else value for value in mean_interval(difference))
    return summary | {"averaged_minus_real_retrained": dict(zip(names, values, strict=True))}


def _accuracies(rows: Sequence[dict[str, Any]], condition: str, retrained: bool) -> np.ndarray:
    """By seed."""
    chosen = [row for row in rows if row["condition"] == condition and row["retrained"] is retrained]
    return np.array([row["accuracy"] for row in sorted(chosen, key=lambda row: row["seed"])])
