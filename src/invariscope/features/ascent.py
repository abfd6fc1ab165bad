"""Gradient ascent in the latent box (paper, section 3.5): every start of every objective at once.

The paper's own is one random start, its gradient scaled to a step of fixed length. Ours (our choice): Adam, with steps
that shorten, from the best of some points that all objectives share, codes of training images: from there an ascent
stays among images that the decoder knows, and other networks recognise what it finds; from uniform samples it strays.
Since a start's basin shows only as it is climbed, many begin, and in every round, twice as long as the one before it,
only the best third goes on. Points are kept in the box, in which the search draws its samples.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from invariscope.checkpoint import Checkpoint, collect
from invariscope.features.latent_box import Decoder, images, uniform
from invariscope.features.objectives import Probe
from invariscope.features.relus import LeakyGradients
from invariscope.schedule import falling

OBJECTIVES, BATCH = 16, 64  # climbed at once, and points of theirs that are decoded at once
KEPT, LONGER = 3, 2  # one in so many climbers goes on to the next round, which is so many times as long
BETAS, TINY = (0.8, 0.95), 1e-12  # of Adam
PAPER_STEP = 0.02  # sides of the box
GONE = -torch.inf  # value of a climber that does not go on


@dataclass(frozen=True)
class LatentAscent:
    """How an objective is climbed."""

    candidates: int = 1500  # points, the best of which are an objective's starts; 0 starts at random
    candidates_from: Literal["codes", "samples"] = "codes"  # of training images, or uniform in the box
    starts: int = 27  # climbers of an objective in the first round
    rounds: int = 4
    steps: int = 60  # of a climber that goes on in all rounds
    learning_rate: float = 0.05  # sides of the box: the length of a normalised step, and about that of one of Adam's
    decay: float = 0.7  # share of the steps, the last ones, over which the learning rate falls to 0
    normalised: bool = False  # the paper's steps in place of Adam's
    slope: float = 0.0  # of the gradient behind rectifiers that are off
    leaky: float = 0.5  # share of the steps, the first ones, in which these pass it


def paper_ascent(steps: int) -> LatentAscent:
    """The paper's: from one random code, along the gradient scaled to steps of one length (our choice: PAPER_STEP)."""
    return LatentAscent(
        candidates=0, starts=1, rounds=1, steps=steps, learning_rate=PAPER_STEP, decay=0.0, normalised=True
    )


def schedule(config: LatentAscent) -> Iterator[tuple[int, int]]:
    """Climbers of an objective and steps, round by round."""
    whole, done = LONGER**config.rounds - 1, 0
    for number in range(config.rounds):
        end = min(config.steps, max(number + 1, config.steps * (LONGER ** (number + 1) - 1) // whole))
        yield max(1, round(config.starts / KEPT**number)), end - done
        done = end


@dataclass(frozen=True)
class Ascent:
    """Where K objectives' R climbers were before each of S steps."""

    points: Tensor  # (S, K, R, d) in the box
    values: Tensor  # (S, K, R), GONE once a climber does not go on
    candidates: int

    def of(self, numbers: Sequence[int]) -> "Ascent":
        """That of some objectives, by number."""
        return replace(self, points=self.points[:, numbers], values=self.values[:, numbers])

    def best(self) -> tuple[Tensor, Tensor]:
        """The best that each climber has seen, the best climber first: values (K, R) and points (K, R, d)."""
        values, steps = self.values.max(0)  # (K, R)
        points = self.points.gather(0, steps[None, ..., None].expand(1, *self.points.shape[1:]))[0]
        values, order = values.sort(dim=1, descending=True, stable=True)
        return values, points.gather(1, order[..., None].expand_as(points))

    def leaders(self) -> tuple[Tensor, Tensor]:
        """The way of each objective's best climber: points (S, K, d) and values (S, K)."""
        leader = self.values.amax(0).argmax(1)  # (K,)
        every = torch.arange(len(leader))
        return self.points[:, every, leader], self.values[:, every, leader]

    def curve(self) -> tuple[tuple[int, ...], Tensor]:
        """Evaluations an objective (S,), and the best value of any climber after them (S, K)."""
        climbing = (self.values[:, 0] != GONE).sum(1).cumsum(0)  # (S,)
        return tuple((self.candidates + climbing).tolist()), self.values.amax(2).cummax(0).values

    @property
    def evaluations(self) -> int:
        """Decoded and classified images an objective: the candidates, and one a step of each climber."""
        return self.curve()[0][-1]


def ascend(
    decoder: Decoder,
    probe: Probe,
    config: LatentAscent,
    seed: int,
    candidates: Tensor | None = None,
    checkpoint: Checkpoint | None = None,
    label: str = "latent ascent",
) -> Ascent:
    """Climb every objective of `probe`, from the best of `candidates` (C, d); without them from uniform samples."""
    if candidates is None:
        candidates = uniform(decoder, config.candidates, seed, "candidates")
    candidates = candidates[: config.candidates]
    points = first_points(decoder, probe, config, candidates, seed)  # (K, R, d)
    which = torch.arange(len(points), device=points.device)  # (K,)
    parts = list(zip(points.split(OBJECTIVES), which.split(OBJECTIVES), strict=True))
    climbed = collect(
        lambda done: (climb(decoder, probe, config, *part) for part in parts[done:]),
        len(parts),
        checkpoint,
        f"{label}, {OBJECTIVES} objectives at once",
    )
    paths, values = zip(*climbed, strict=True)
    return Ascent(torch.cat(paths, 1), torch.cat(values, 1), len(candidates))


def first_points(decoder: Decoder, probe: Probe, config: LatentAscent, candidates: Tensor, seed: int) -> Tensor:
    """(K, R, d) points that every objective's climbers start from: its best candidates, or random ones without any."""
    objectives = len(probe.objectives)
    if len(candidates) < config.starts:
        points = uniform(decoder, objectives * config.starts, seed, "starts")
        return points.view(config.starts, objectives, -1).transpose(0, 1)  # the first start is the same for any number
    with torch.inference_mode():
        values = torch.cat([probe.all(images(decoder, part)) for part in candidates.split(BATCH)])  # (C, K)
    order = values.sort(dim=0, descending=True, stable=True).indices[: config.starts]  # (R, K)
    return candidates[order.t()]


def climb(decoder: Decoder, probe: Probe, config: LatentAscent, points: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
    """Climb objectives `which` (K,) from points (K, R, d): points (S, K, R, d) and values (S, K, R), on the CPU."""
    climbers = _Climbers(points)
    path: list[Tensor] = []
    values: list[Tensor] = []
    for count, steps in schedule(config):
        climbers.keep(count)
        for _ in range(steps):
            step = len(path)
            slope = config.slope if step < config.leaky * config.steps else 0.0
            value, gradient = differentiate_all(decoder, probe, climbers.points, which, slope)
            path.append(points.cpu())
            values.append(
                torch.full(points.shape[:2], GONE, device=points.device).scatter(1, climbers.numbers, value).cpu()
            )
            climbers.best = climbers.best.maximum(value)
            rate = config.learning_rate * falling(step, config.steps, config.decay)
            climbers.move(rate, inward(gradient, climbers.points), config.normalised, step)
            points = points.scatter(1, _across(climbers.numbers, points), climbers.points)
    return torch.stack(path), torch.stack(values)


class _Climbers:
    """Those of K objectives that are still climbing, r of each."""

    def __init__(self, points: Tensor) -> None:
        self.points = points  # (K, r, d)
        self.first, self.second = torch.zeros_like(points), torch.zeros_like(points)  # Adam's moments
        self.best = points.new_full(points.shape[:2], GONE)  # (K, r) that each has seen
        self.numbers = torch.arange(points.shape[1], device=points.device).expand(points.shape[:2])  # (K, r) from 0

    def keep(self, count: int) -> None:
        """The best of each objective go on."""
        order = self.best.sort(dim=1, descending=True, stable=True).indices[:, :count]
        self.numbers, self.best = self.numbers.gather(1, order), self.best.gather(1, order)
        places = _across(order, self.points)
        self.points, self.first, self.second = (
            tensor.gather(1, places) for tensor in (self.points, self.first, self.second)
        )

    def move(self, rate: float, gradient: Tensor, normalised: bool, step: int) -> None:
        """A step uphill, of length `rate` or by Adam, within the box."""
        if normalised:
            direction = gradient / gradient.norm(dim=2, keepdim=True).clamp(min=TINY)
        else:
            self.first = torch.lerp(gradient, self.first, BETAS[0])
            self.second = torch.lerp(gradient.square(), self.second, BETAS[1])
            spread = (self.second / (1 - BETAS[1] ** (step + 1))).sqrt()
            direction = self.first / (1 - BETAS[0] ** (step + 1)) / spread.clamp(min=TINY)
        self.points = (self.points + rate * direction).clamp(0, 1)


def _across(numbers: Tensor, points: Tensor) -> Tensor:
    """Numbers (K, r) for every coordinate of points (K, R, d): (K, r, d)."""
    return numbers[..., None].expand(-1, -1, points.shape[2])


def differentiate_all(
    decoder: Decoder, probe: Probe, points: Tensor, which: Tensor, slope: float = 0.0
) -> tuple[Tensor, Tensor]:
    """`differentiate` for points (K, r, d) of objectives `which` (K,): values (K, r) and gradients (K, r, d)."""
    parts = zip(points.flatten(0, 1).split(BATCH), which.repeat_interleave(points.shape[1]).split(BATCH), strict=True)
    found = [differentiate(decoder, probe, part, numbers, slope) for part, numbers in parts]
    values, gradients = (torch.cat(tensors) for tensors in zip(*found, strict=True))
    return values.view(points.shape[:2]), gradients.view(points.shape)


def differentiate(
    decoder: Decoder, probe: Probe, points: Tensor, which: Tensor, slope: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Values (N,) of objectives `which` (N,) at points (N, d), and their gradients (N, d) along the box's sides."""
    points = points.detach().requires_grad_()
    with torch.enable_grad(), LeakyGradients(slope):
        values = probe.of(images(decoder, points), which)
        (gradient,) = torch.autograd.grad(values.sum(), points)
    return values.detach(), gradient


def inward(gradient: Tensor, points: Tensor) -> Tensor:
    """The gradient (..., d) without what points out of the box, so that a climber at a wall goes along it."""
    out = ((points <= 0) & (gradient < 0)) | ((points >= 1) & (gradient > 0))
    return gradient.masked_fill(out, 0.0)
