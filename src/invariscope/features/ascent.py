"""Gradient ascent in the latent box (paper, section 3.5): every start of every objective in one batch.

The paper's own is one random start, its gradient scaled to a step of fixed length. Ours (our choice): the best of some
uniform samples that all objectives share, Adam, whose steps then shorten, and at first a gradient that passes
rectifiers which are off. Points are kept in the box, in which the search draws its samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from invariscope.checkpoint import Checkpoint
from invariscope.features.latent_box import Decoder, images, uniform
from invariscope.features.objectives import Probe
from invariscope.features.relus import LeakyGradients
from invariscope.progress import track
from invariscope.schedule import falling

CHUNK = 64  # climbers at once
BETAS, TINY = (0.9, 0.99), 1e-12  # of Adam
PAPER_STEP = 0.02  # sides of the box


@dataclass(frozen=True)
class LatentAscent:
    """How an objective is climbed."""

    candidates: int = 1000  # uniform samples, the best of which are an objective's starts; 0 starts at random
    starts: int = 4
    steps: int = 50
    learning_rate: float = 0.05  # sides of the box: the length of a normalised step, and about that of one of Adam's
    decay: float = 0.7  # share of the steps, the last ones, over which the learning rate falls to 0
    normalised: bool = False  # the paper's steps in place of Adam's
    slope: float = 0.1  # of the gradient behind rectifiers that are off
    leaky: float = 0.5  # share of the steps, the first ones, in which these pass a gradient


def paper_ascent(steps: int) -> LatentAscent:
    """The paper's: from one random code, along the gradient scaled to steps of one length (our choice: PAPER_STEP)."""
    return LatentAscent(
        candidates=0, starts=1, steps=steps, learning_rate=PAPER_STEP, decay=0.0, normalised=True, slope=0.0, leaky=0.0
    )


@dataclass(frozen=True)
class Ascent:
    """Where K objectives' R climbers were before each of S steps."""

    points: Tensor  # (S, K, R, d) in the box
    values: Tensor  # (S, K, R)
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
        steps, _, starts = self.values.shape
        counts = tuple(self.candidates + starts * (step + 1) for step in range(steps))
        return counts, self.values.amax(2).cummax(0).values

    @property
    def evaluations(self) -> int:
        """Decoded and classified images an objective: the candidates, and one a step of each climber."""
        steps, _, starts = self.values.shape
        return self.candidates + starts * steps


def ascend(
    decoder: Decoder,
    probe: Probe,
    config: LatentAscent,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "latent ascent",
) -> Ascent:
    """Climb every objective of `probe`."""
    points = first_points(decoder, probe, config, seed)  # (K, R, d)
    which = torch.arange(len(points), device=points.device).repeat_interleave(config.starts)  # (K*R,)
    state = (checkpoint.load() if checkpoint else None) or {"points": [], "values": []}
    chunks = list(zip(points.flatten(0, 1).split(CHUNK), which.split(CHUNK), strict=True))
    done = len(state["points"])
    for chunk in track(chunks[done:], f"{label}, chunks of {CHUNK} climbers", len(chunks), done=done):
        for name, climbed in zip(("points", "values"), climb(decoder, probe, config, *chunk), strict=True):
            state[name].append(climbed)
        if checkpoint and checkpoint.due():
            checkpoint.save(state)
    shape = (config.steps, *points.shape[:2])
    return Ascent(
        torch.cat(state["points"], 1).view(*shape, -1), torch.cat(state["values"], 1).view(shape), config.candidates
    )


def first_points(decoder: Decoder, probe: Probe, config: LatentAscent, seed: int) -> Tensor:
    """(K, R, d) points that every objective's climbers start from."""
    objectives = len(probe.objectives)
    if not config.candidates:
        points = uniform(decoder, objectives * config.starts, seed, "starts")
        return points.view(objectives, config.starts, -1)
    points = uniform(decoder, config.candidates, seed, "candidates")
    with torch.inference_mode():
        values = torch.cat([probe.all(images(decoder, part)) for part in points.split(CHUNK)])  # (candidates, K)
    order = values.sort(dim=0, descending=True, stable=True).indices[: config.starts]  # (R, K)
    return points[order.t()]


def climb(decoder: Decoder, probe: Probe, config: LatentAscent, points: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
    """Points (S, N, d) and values (S, N), on the CPU, of climbers of objectives `which` (N,) from points (N, d)."""
    first, second = torch.zeros_like(points), torch.zeros_like(points)
    path, values = [], []
    for step in range(config.steps):
        slope = config.slope if step < config.leaky * config.steps else 0.0
        value, gradient = differentiate(decoder, probe, points, which, slope)
        gradient = inward(gradient, points)
        path.append(points.cpu())
        values.append(value.cpu())
        if config.normalised:
            direction = gradient / gradient.norm(dim=1, keepdim=True).clamp(min=TINY)
        else:
            first = torch.lerp(gradient, first, BETAS[0])
            second = torch.lerp(gradient.square(), second, BETAS[1])
            corrected = second.div(1 - BETAS[1] ** (step + 1)).sqrt()
            direction = first / (1 - BETAS[0] ** (step + 1)) / corrected.clamp(min=TINY)
        rate = config.learning_rate * falling(step, config.steps, config.decay)
        points = (points + rate * direction).clamp(0, 1)
    return torch.stack(path), torch.stack(values)


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
    """The gradient (N, d) without what points out of the box, so that a climber at a wall goes along it."""
    out = ((points <= 0) & (gradient < 0)) | ((points >= 1) & (gradient > 0))
    return gradient.masked_fill(out, 0.0)
