"""The filters of a layer, real and generated, as points and as pictures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.data.table import image_column
from invariscope.filter_gan.averaging import draw_banks
from invariscope.filter_gan.mds import scale
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.spread import SAMPLES, spread_ratio, weight_spread

REAL = -1  # the sample number of a real filter
PERCENTILE = 99.5  # of the absolute values: shown at full intensity; a few beyond are clipped


@dataclass(frozen=True)
class Filters:
    """The real filters of a layer, then `samples` generated ones of each."""

    kind: np.ndarray  # (N,) "real", "generated"
    filter: np.ndarray  # (N,) output channel
    sample: np.ndarray  # (N,) number of the latent code, REAL for real filters
    weights: Tensor  # (N, C_in, k, k)

    def columns(self) -> dict[str, Any]:
        return {"kind": self.kind, "filter": self.filter, "sample": self.sample}


def draw_filters(real: Tensor, generator: Generator, samples: int, seed: int) -> Filters:
    """The filters of the real bank (C_out, C_in, k, k), and those of `samples` generated banks."""
    banks = draw_banks(generator, samples, seed)
    count = len(real)
    return Filters(
        kind=np.repeat(["real", "generated"], [count, samples * count]),
        filter=np.tile(np.arange(count), 1 + samples),
        sample=np.repeat(np.arange(REAL, samples), count),
        weights=torch.cat([real[None], banks]).flatten(0, 1),
    )


def scaling_table(filters: Filters) -> tuple[dict[str, Any], float]:
    """Every filter as a point in the plane, and the stress-1 of the picture."""
    positions, stress = scale(filters.weights.flatten(1))
    x, y = positions.cpu().numpy().T
    return filters.columns() | {"x": x, "y": y}, stress


def picture_table(filters: Filters, count: int) -> dict[str, Any]:
    """`count` filters, evenly spaced over the channels, as pictures."""
    channels = int(filters.filter.max()) + 1
    shown = np.isin(filters.filter, np.linspace(0, channels - 1, min(count, channels)).round().astype(int))
    images = pictures(filters.weights.cpu().numpy()[shown])
    return {name: values[shown] for name, values in filters.columns().items()} | {"image": image_column(images)}


def pictures(weights: np.ndarray) -> np.ndarray:
    """Filters (N, C_in, k, k) as RGB pictures (N, k, k, 3), uint8: mid-grey is 0, all scaled alike.

    As in the paper's Fig. 2, the input channels are summed in thirds, which become red, green and blue. Fewer than
    three are summed to grey.
    """
    channels = weights.shape[1]
    thirds = np.array_split(np.arange(channels), 3) if channels >= 3 else [np.arange(channels)] * 3
    colours = np.stack([weights[:, third].sum(1) for third in thirds], -1)  # (N, k, k, 3)
    full = np.percentile(np.abs(colours), PERCENTILE) or 1.0
    return np.rint(127.5 + 127.5 * np.clip(colours / full, -1, 1)).astype(np.uint8)


def spreads(real: Tensor, generator: Generator, seed: int) -> dict[str, float]:
    """How much generated filters vary, from many banks."""
    banks = draw_banks(generator, SAMPLES, seed)
    return {"spread_ratio": spread_ratio(banks), "weight_spread": weight_spread(banks, real)}
