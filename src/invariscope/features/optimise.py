"""Images optimised for objectives, all at once: gradient ascent on the parameters of a parameterization (METHODS 5).

Adam works number by number, chance comes from a stream an image, and the network is in eval mode, so the images of a
batch know nothing of each other; only `diversity` couples those of a group.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from invariscope.classifiers.evaluation import block_size
from invariscope.errors import UserError
from invariscope.features.objectives import Probe, evaluating
from invariscope.features.parameterizations import Parameterization
from invariscope.features.relus import LeakyGradients
from invariscope.features.robustness import Robustness, draws, move
from invariscope.intensities import from_bytes, to_bytes
from invariscope.runtime import torch_generator


@dataclass(frozen=True)
class Optimisation:
    """How long and how fast."""

    steps: int = 128
    learning_rate: float = 0.05  # of Adam
    leaky_steps: int = 16  # first steps in which gradients pass rectifiers that are off
    slope: float = 0.1  # share that they let through then


@dataclass(frozen=True)
class Optimised:
    """What came out, an entry an image."""

    images: Tensor  # (N, C, H, W) uint8
    values: Tensor  # (N,) of the objective, on the 8-bit image as it is, not moved
    dead: Tensor  # (N,) bool: the objective's true gradient was exactly zero at every step that was not leaky


Penalty = Callable[[Tensor], Tensor]  # of images as the network sees them (N, C, H, W): a number, to be kept small


def optimise(
    probe: Probe,
    which: Sequence[int],
    streams: Sequence[str],
    parameterization: Parameterization,
    robustness: Robustness,
    settings: Optimisation,
    seed: int,
    penalty: Penalty | None = None,
) -> Optimised:
    """N images: the i-th is optimised for objective `which[i]` of the probe, by the random numbers of `streams[i]`.

    More images than are judged at once are done in turn, unless a penalty couples them. Raises UserError if a value
    becomes infinite.
    """
    numbers = torch.tensor(which, device=probe.device)
    size = len(which) if penalty else block_size(probe.shape)
    parts = []
    with evaluating(probe.model):
        for start in range(0, len(which), size):
            part = slice(start, start + size)
            run = _Run(parameterization, robustness, settings, seed, streams[part], probe)
            parts.append(run.ascend(probe, numbers[part], penalty))
    return Optimised(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


class _Run:
    """One batch of images under way."""

    def __init__(
        self,
        parameterization: Parameterization,
        robustness: Robustness,
        settings: Optimisation,
        seed: int,
        streams: Sequence[str],
        probe: Probe,
    ) -> None:
        self.parameterization, self.robustness, self.settings = parameterization, robustness, settings
        starts = [torch_generator(seed, "feature", stream, "start") for stream in streams]
        moves = [torch_generator(seed, "feature", stream, "robustness") for stream in streams]
        self.parameters = [tensor.to(probe.device).requires_grad_() for tensor in parameterization.start(starts)]
        self.matrices = draws(robustness, moves, settings.steps, (probe.shape[1], probe.shape[2])).to(probe.device)
        self.optimiser = torch.optim.Adam(self.parameters, lr=settings.learning_rate)

    def ascend(self, probe: Probe, which: Tensor, penalty: Penalty | None) -> tuple[Tensor, Tensor, Tensor]:
        dead = torch.full_like(which, self.settings.steps > self.settings.leaky_steps, dtype=torch.bool)
        for step in range(self.settings.steps):
            leaky = step < self.settings.leaky_steps
            seen = move(self.parameterization.images(self.parameters), self.matrices[step], self.robustness)
            with LeakyGradients(self.settings.slope if leaky else 0.0):
                value = probe.of(seen, which).sum()
            gradients = torch.autograd.grad(-value, seen, retain_graph=True)
            if not leaky:
                dead &= (gradients[0] == 0).flatten(1).all(1)
            through = [gradients[0] if penalty is None else gradients[0] + torch.autograd.grad(penalty(seen), seen)[0]]
            for tensor, gradient in zip(
                self.parameters, torch.autograd.grad([seen], self.parameters, through), strict=True
            ):
                tensor.grad = gradient
            self.optimiser.step()
        with torch.inference_mode():
            made = self.parameterization.images(self.parameters)
            images = to_bytes(made)
            values = probe.of(from_bytes(images).to(made), which)
        if not torch.isfinite(values).all():
            raise UserError(f"learning_rate: {self.settings.learning_rate} made objectives infinite; use a smaller one")
        return images, values, dead
