"""Which images of a data set an objective answers to most and least, and which units never answer at all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from invariscope.classifiers.evaluation import block_size
from invariscope.classifiers.split import activation_after
from invariscope.data.table import ImageSet
from invariscope.features.objectives import Probe, evaluating
from invariscope.progress import track


@dataclass(frozen=True)
class Examples:
    """Of K objectives over a data set of N images."""

    top: np.ndarray  # (K, k) places of the images of the highest values, the highest first
    bottom: np.ndarray  # (K, k), the lowest first
    values: np.ndarray  # (K, N) float32
    dead: np.ndarray  # (K,) bool

    @property
    def spread(self) -> np.ndarray:
        """(K,): from the lowest value to the highest."""
        return self.values.max(1) - self.values.min(1)


def find_examples(probe: Probe, images: ImageSet, count: int, label: str = "data set examples") -> Examples:
    """The `count` images of highest and of lowest value, ties by place; images come block by block from disk.

    An objective is dead if all its units are: a unit that gives one and the same number everywhere in every image,
    after the layer's own normalisation and activation, as behind a rectifier that is never on.
    """
    size, device = block_size(images.shape), probe.device
    values = np.empty((len(probe.objectives), len(images)), np.float32)
    block = torch.zeros(size, *images.shape, device=device)  # always full: a value depends on its image alone
    starts = range(0, len(images), size)
    ranges = {name: _Range(activation_after(probe.model, module)) for name, module in probe.modules.items()}
    handles = [module.register_forward_hook(ranges[name]) for name, module in probe.modules.items()]
    try:
        with evaluating(probe.model), torch.inference_mode():
            for start in track(starts, label, len(starts)):
                pixels = images.at(np.arange(start, min(start + size, len(images)))).pixels
                block[: len(pixels)] = torch.from_numpy(pixels).to(device).float().div_(255)
                values[:, start : start + size] = probe.all(block)[: len(pixels)].t().cpu().numpy()
    finally:
        for handle in handles:
            handle.remove()
    top, bottom = (np.argsort(sign * values, axis=1, kind="stable")[:, :count] for sign in (-1, 1))
    dead = [all(ranges[unit.module].constant(unit.channel) for _, unit in one.terms) for one in probe.objectives]
    return Examples(top, bottom, values, np.array(dead))


class _Range:
    """Smallest and largest activation of every channel of a layer, over all that the layer has given."""

    def __init__(self, activation: nn.Module) -> None:
        self.activation = activation
        self.low: Tensor | None = None
        self.high: Tensor | None = None

    def __call__(self, _: nn.Module, __: Any, output: Tensor) -> None:
        activation = self.activation(output)
        axes = [axis for axis in range(activation.dim()) if axis != 1]
        low, high = activation.amin(axes), activation.amax(axes)
        self.low = low if self.low is None else torch.minimum(self.low, low)
        self.high = high if self.high is None else torch.maximum(self.high, high)

    def constant(self, channel: int) -> bool:
        return self.low is not None and self.high is not None and bool(self.low[channel] == self.high[channel])
