"""Search by samples: codes uniform in the latent box, of which each objective's best are kept (paper, section 3.5).

All objectives share the samples, which stream through decoder and classifier in blocks of one shape, each drawn by a
generator of its own: what is found depends neither on when the search was interrupted nor on how many samples follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from invariscope.checkpoint import Checkpoint, finish
from invariscope.features.latent_box import Decoder, images, latents, uniform
from invariscope.features.objectives import Probe

BLOCK = 64  # samples at once
TICKS = (1, 2, 5)  # of every decade, at which the curve is read


@dataclass(frozen=True)
class LatentSearch:
    """How much is sampled."""

    samples: int = 20_000
    best: int = 8  # samples kept of every objective


@dataclass(frozen=True)
class Found:
    """What a search has found, of K objectives."""

    values: Tensor  # (K, best), falling
    points: Tensor  # (K, best, d) in the box
    numbers: Tensor  # (K, best) of the samples, counted from 1
    latents: Tensor  # (K, best, d)
    counts: tuple[int, ...]  # (P,) numbers of samples
    curve: Tensor  # (P, K) the best value after so many samples
    mean: Tensor  # (K,) over all samples


def search(
    decoder: Decoder,
    probe: Probe,
    config: LatentSearch,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "latent search",
) -> Found:
    """The best of uniform samples for every objective of `probe`; of equal ones the first."""
    run = Run(decoder, probe, config, seed)
    finish(run, checkpoint, f"{label}, blocks of {BLOCK} samples")
    return run.found()


class Run:
    """A search under way: everything that one block hands to the next."""

    def __init__(self, decoder: Decoder, probe: Probe, config: LatentSearch, seed: int) -> None:
        self.decoder, self.probe, self.config, self.seed = decoder, probe, config, seed
        objectives = len(probe.objectives)
        self.counts = tuple(counts(config.samples))
        self.values = torch.empty(0, objectives)  # (up to best, K)
        self.numbers = torch.empty(0, objectives, dtype=torch.int64)
        self.curve = torch.empty(0, objectives)  # (counts passed so far, K)
        self.total = torch.zeros(objectives, dtype=torch.float64)
        self.iteration, self.iterations = 0, -(-config.samples // BLOCK)  # blocks

    @torch.inference_mode()
    def advance(self, iteration: int) -> None:
        """One block; of the last one only the samples that are asked for."""
        first = iteration * BLOCK
        points = uniform(self.decoder, BLOCK, self.seed, "block", iteration)
        values = self.probe.all(images(self.decoder, points)).cpu()[: self.config.samples - first]  # (n, K)
        self.read_curve(values, first)
        self.total += values.double().sum(0)
        numbers = torch.arange(first + 1, first + 1 + len(values))[:, None].expand_as(values)
        pooled = torch.cat([self.values, values])
        self.values, order = pooled.sort(dim=0, descending=True, stable=True)  # stable: of equal ones the first
        self.values, order = self.values[: self.config.best], order[: self.config.best]
        self.numbers = torch.cat([self.numbers, numbers]).gather(0, order)
        self.iteration = iteration + 1

    def read_curve(self, values: Tensor, first: int) -> None:
        """Note the best so far at the counts that this block passes. `values` (n, K) are of samples first + 1, ..."""
        best = values.cummax(0).values
        if len(self.values):
            best = best.maximum(self.values[0])
        passed = [count - first - 1 for count in self.counts if first < count <= first + len(values)]
        self.curve = torch.cat([self.curve, best[passed]])

    def state(self) -> dict[str, Any]:
        return {"values": self.values, "numbers": self.numbers, "curve": self.curve} | {
            "total": self.total,
            "iteration": self.iteration,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.values, self.numbers, self.curve = state["values"], state["numbers"], state["curve"]
        self.total, self.iteration = state["total"], state["iteration"]

    def found(self) -> Found:
        points = samples(self.decoder, self.numbers.t(), self.seed).cpu()  # as all that is found
        return Found(
            self.values.t().contiguous(),
            points,
            self.numbers.t().contiguous(),
            latents(self.decoder, points).cpu(),
            self.counts,
            self.curve,
            (self.total / self.config.samples).float(),
        )


def samples(decoder: Decoder, numbers: Tensor, seed: int) -> Tensor:
    """(..., d) points of the samples with some numbers (...), drawn again."""
    places = numbers - 1
    found = torch.empty(*numbers.shape, len(decoder.low), device=decoder.low.device)
    for block in (places // BLOCK).unique().tolist():
        here = places // BLOCK == block
        found[here] = uniform(decoder, BLOCK, seed, "block", block)[places[here] % BLOCK]
    return found


def counts(most: int) -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, ... below `most`, and `most`."""
    decade = 1
    while decade < most:
        yield from (tick * decade for tick in TICKS if tick * decade < most)
        decade *= 10
    yield most
