"""Local equivariance error by layer: the Lie derivative of a network along a motion of its images (METHODS 2).

Gruver et al. 2023: while the image moves, x -> g_t x, a layer's output F(x) should move with it. The error is the
derivative of g_-t F(g_t x) at t = 0, and LEE = E |error|² / dimension. Maps move as images do; what has no positions,
and every output under a motion of intensities, does not: there the error is of invariance. Three are measured:
- `cumulative`: of the network from the image up to a layer; at `class` of the logits, or probabilities.
- `own`: of a layer from the layers that were asked for and that it reads, had these moved as they should.
- `contribution`: what a layer's own error comes to in the output, through all that follows. By the chain rule the
  contributions, as vectors, sum to the output's error, be the network a chain or have it branches; so each is the error
  of the composition minus the one before. A layer between two that should not move has none of its own.

Everything is one forward-mode derivative: no step, no gradient kept. Grids that a stride or a missing padding sets off
against the image's centre count as error, as in the paper; so does, with the fill `zeros`, the edge of a map that is
not zero there (of a constant one, too; with any other fill a constant map has no error).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from invariscope.errors import UserError
from invariscope.features.objectives import CLASS, Hook, evaluating, run_hooked
from invariscope.invariance.layers import layers_at, place_of, read_layers
from invariscope.invariance.motions import Motion

Kind = Literal["cumulative", "own", "contribution"]
Output = Literal["logits", "probabilities"]


@dataclass(frozen=True)
class LieErrors:
    """Errors of L layers, `class` the last, on N images: root mean square over a layer's units, per unit of time."""

    layers: tuple[str, ...]
    cumulative: np.ndarray  # (L, N) float64, of each layer's output
    own: np.ndarray  # (L, N), of each layer's output
    contribution: np.ndarray  # (L, N), of the output of the network
    image_speed: np.ndarray  # (N,) root mean square over pixels of d/dt g_t x, intensity a unit of time
    spread: np.ndarray  # (L,) standard deviation of units over the images, root mean square over units
    image_spread: float  # the same of pixels

    def expected(self, kind: Kind) -> np.ndarray:
        """(L,): the paper's LEE, the mean over images of |error|² / dimension, per squared unit of time."""
        return (getattr(self, kind) ** 2).mean(axis=1)

    def relative(self, kind: Kind) -> np.ndarray:
        """(L,): error over image speed, each root mean square over images and in spreads of its own.

        Our choice: 1 is an output that moves wrongly by as much of its own spread over the images as the image moves of
        its. Neither the unit or speed of the motion nor the scale of the weights matters, so that motions and layers
        can be compared. No error is 0, of whatever spread; NaN if no image moves or a single one has no spread.
        """
        error = np.sqrt(self.expected(kind))
        spread = self.spread[[-1] * len(self.layers)] if kind == "contribution" else self.spread
        speed = np.sqrt((self.image_speed**2).mean())
        with np.errstate(invalid="ignore", divide="ignore"):
            found = error / spread / (speed / self.image_spread)
        known = np.isfinite(found) & (speed > 0)
        return np.where(known, found, np.where((error == 0) & (speed > 0), 0.0, np.nan))


def lie_errors(
    model: nn.Module,
    images: Tensor,
    layers: Sequence[str],
    motion: Motion | Tensor,
    output: Output = "logits",
    batch_size: int = 32,
) -> LieErrors:
    """The errors of a model's layers on images (N, C, H, W) in [0, 1], in eval mode, where the model is.

    Layers are paths as in objectives (`conv4`, `layer1.0`); the output of the whole comes last by itself. Images that
    move otherwise than by a family have their velocities (N, C, H, W) in place of a motion: nothing says how a map
    should follow, so all errors are of invariance.

    Raises UserError for no images, or a layer that is not there or does not run once.
    """
    if not len(images):
        raise UserError("there are no images to measure the Lie derivative on")
    with evaluating(model):
        whole, modules = _prepared(model, layers, images, output)
        spreads = {name: _Spread() for name in ("", *modules)}
        moves = motion.split(batch_size) if isinstance(motion, Tensor) else repeat(motion)
        parts = [
            _batch_errors(whole, modules, part, move, spreads)
            for part, move in zip(images.split(batch_size), moves, strict=False)
        ]
    errors = np.concatenate([part for part, _ in parts], axis=2)  # (3, L, N)
    speed = np.concatenate([part for _, part in parts])
    spread = np.array([spreads[name].value for name in modules])
    cumulative, own, contribution = errors
    return LieErrors(tuple(modules), cumulative, own, contribution, speed, spread, spreads[""].value)


def contributions(
    model: nn.Module, images: Tensor, layers: Sequence[str], motion: Motion, output: Output = "logits"
) -> dict[str, Tensor]:
    """What each layer's own error comes to in the output of the model, (N, K) each; they sum to the output's error."""
    with evaluating(model):
        whole, modules = _prepared(model, layers, images, output)
        x = images.to(*place_of(model))
        carried = {name: motion.carried(value) for name, value in read_layers(whole, modules, x).items()}
        own = _errors(_tangents(whole, modules, x, motion.velocity(x), carried), carried)
        return _contributions(whole, modules, x, own)


def _prepared(
    model: nn.Module, layers: Sequence[str], images: Tensor, output: Output
) -> tuple[nn.Module, dict[str, nn.Module]]:
    """The network up to the wanted output, and its layers by name, the output last."""
    whole = model if output == "logits" else nn.Sequential(model, nn.Softmax(dim=1))
    names = (*(name for name in layers if name != CLASS), CLASS)
    return whole, layers_at(model, names, images.shape[1:]) | {CLASS: whole}


def _batch_errors(
    whole: nn.Module,
    modules: Mapping[str, nn.Module],
    images: Tensor,
    motion: Motion | Tensor,
    spreads: Mapping[str, "_Spread"],
) -> tuple[np.ndarray, np.ndarray]:
    """Errors (3, L, n) and speeds (n,) of a batch; what layers make of it is added to the spreads, "" the images."""
    x = images.to(*place_of(whole))
    values = read_layers(whole, modules, x)
    for name, spread in spreads.items():
        spread.add(values[name] if name else x)
    if isinstance(motion, Tensor):
        velocity, carried = motion.to(x), {name: torch.zeros_like(value) for name, value in values.items()}
    else:
        velocity, carried = motion.velocity(x), {name: motion.carried(value) for name, value in values.items()}
    cumulative = _errors(_tangents(whole, modules, x, velocity, {}), carried)
    own = _errors(_tangents(whole, modules, x, velocity, carried), carried)
    found = (cumulative, own, _contributions(whole, modules, x, own))
    return np.array([[_size(kind[name]) for name in modules] for kind in found]), _size(velocity)


def _contributions(
    whole: nn.Module, modules: Mapping[str, nn.Module], x: Tensor, own: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Each layer's own error, alone, as it arrives at the output."""
    found = {name: _tangents(whole, modules, x, None, {name: own[name]})[CLASS] for name in modules if name != CLASS}
    return found | {CLASS: own[CLASS]}


@torch.no_grad()  # of backward mode; the forward mode does not mind
def _tangents(
    whole: nn.Module,
    modules: Mapping[str, nn.Module],
    x: Tensor,
    velocity: Tensor | None,
    replaced: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """The derivative by time of every layer's output, as it comes out; from those of `replaced` on goes another."""
    found: dict[str, Tensor] = {}

    def listener(name: str) -> Hook:
        def hook(_: nn.Module, __: object, output: Tensor) -> Tensor | None:
            primal, tangent = forward_ad.unpack_dual(output)
            # Clones, here and below, because what follows may work in place, on tangents too.
            found[name] = torch.zeros_like(primal) if tangent is None else tangent.clone()
            return forward_ad.make_dual(primal.clone(), replaced[name].clone()) if name in replaced else None

        return hook

    with forward_ad.dual_level():
        start = x if velocity is None else forward_ad.make_dual(x, velocity)
        run_hooked(whole, start, {module: listener(name) for name, module in modules.items()})
    return found


def _errors(tangents: Mapping[str, Tensor], carried: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tangents[name] - carried[name] for name in carried}


def _size(values: Tensor) -> np.ndarray:
    """Root mean square (N,) float64 of each row of (N, ...)."""
    return values.double().flatten(1).square().mean(dim=1).sqrt().cpu().numpy()


class _Spread:
    """The standard deviation of units over images that come batch by batch, root mean square over units."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, values: Tensor) -> None:
        """(n, ...)."""
        values = values.double().flatten(1)
        if not self.count:  # from the first image on, so that what never changes has exactly none
            self.first = values[0].clone()
            self.sum, self.squares = torch.zeros_like(self.first), torch.zeros_like(self.first)
        values = values - self.first
        self.sum += values.sum(dim=0)
        self.squares += values.square().sum(dim=0)
        self.count += len(values)

    @property
    def value(self) -> float:
        variance = self.squares / self.count - (self.sum / self.count).square()
        return float(variance.clamp(min=0).mean().sqrt())
