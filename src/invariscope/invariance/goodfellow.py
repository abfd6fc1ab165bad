"""How much more often than by chance a unit still fires when the image it fires on is transformed (METHODS 2).

Goodfellow et al. 2009: a unit fires above a threshold that 1 % of the images exceed (global rate G). The local rate L
is the share of firings over the trajectories of those images under the transformation; the score is L / G, 1 if the
unit fires on a transformed image as rarely as on any other, 1 / G at most. A unit may respond by low values: each sign
has its threshold, and the better score counts (so chance gives a little more than 1). A layer's score is the mean over
its best 20 % of units.

Where values tie, as zeros behind a ReLU do, no threshold may give exactly 1 %: then a unit fires on the fewer images
that are above the tie or, if the highest value itself is tied, on those that have it; G is what comes of it. Our
choice: the score is L / max(G, 1 %), for a unit that fires on a single image of 500 could reach 500, and a layer's best
units would be its rarest.

A unit that is constant on the images fires on all or on none. Our choice: on all (threshold -inf), G = L = 1, score 1:
it is as invariant as chance, which is what the division by G is for; undefined, it would leave the layer, and a layer
of dead units and one good one would pass for good.

The identity is left out of trajectories (our choice): the image fires on it by definition, and the score of chance
would depend on the length of the trajectory.

A map's units are the means of its channels (our choice): a filter is what a network learns, and its mean is one number
an image without the ties of single places. Taken after the layer's activation, for the mean of a plain convolution is
hardly more than the mean of its input. But the mean alone undoes translation, in any network: for translations take
`places`, as in the paper, each a place of one channel, of which some are drawn.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from invariscope.errors import UserError
from invariscope.features.objectives import evaluating, output_shapes
from invariscope.invariance.layers import activations, layers_at, place_of, read_layers
from invariscope.screening.config import Rendering
from invariscope.screening.families import FAMILIES
from invariscope.screening.transforms import Batch, prepare

# Images (n, C, H, W) in [0, 1] and their ids -> the same images, transformed, one batch a transformation.
Trajectory = Callable[[Tensor, Sequence[int]], Iterable[Tensor]]
SIGNS = (1, -1)
ROUNDING = 1e-6  # of the largest value: a unit that varies by no more is constant


@dataclass(frozen=True)
class Firing:
    """What a unit is, and when it fires."""

    rate: float = 0.01  # share of the images on which it fires
    places: int | None = None  # how many places of a map are drawn; None: the mean of each channel
    activated: bool = True  # after the layer's own normalisation and activation


@dataclass(frozen=True)
class UnitScores:
    """Of the U units of a layer, each with its better sign."""

    unit: np.ndarray  # (U,) channel; of places the number in the flattened map (C, H, W)
    sign: np.ndarray  # (U,) 1 or -1
    threshold: np.ndarray  # (U,) fires where sign * value exceeds it; -inf if the unit is constant
    global_rate: np.ndarray  # (U,) G
    local_rate: np.ndarray  # (U,) L
    score: np.ndarray  # (U,) L / max(G, the wanted rate)

    def layer_score(self, share: float = 0.2) -> float:
        """The mean score of the best `share` of units, at least of one."""
        best = max(math.ceil(share * len(self.score) - 1e-9), 1)
        return float(np.sort(self.score)[-best:].mean())


@dataclass(frozen=True)
class _Reader:
    """Units (n, U) of images, layer by layer, and which they are."""

    model: nn.Module
    layers: Mapping[str, nn.Module]
    after: Mapping[str, nn.Module] | None
    chosen: Mapping[str, Tensor]  # (U,) numbers in the flattened map, on the CPU, of the layers with places

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        outputs = read_layers(self.model, self.layers, images.to(*place_of(self.model)), self.after)
        return {name: self._units(name, output).double().cpu() for name, output in outputs.items()}

    def _units(self, name: str, output: Tensor) -> Tensor:
        if output.dim() == 2:
            return output
        return output.flatten(1)[:, self.chosen[name].to(output.device)] if name in self.chosen else output.mean((2, 3))


def unit_scores(
    model: nn.Module,
    images: Tensor,
    layers: Sequence[str],
    trajectory: Trajectory,
    firing: Firing = Firing(),
    ids: Sequence[int] | None = None,
    generator: torch.Generator | None = None,
    batch_size: int = 64,
) -> dict[str, UnitScores]:
    """Scores of the units of a model's layers, in eval mode, on images (N, C, H, W) in [0, 1]; ids are 0 to N - 1.

    Only images on which a unit fires are transformed. `generator` (on the CPU) draws the places, if `firing` has any.

    Raises UserError for fewer than two images, or a layer that is not there or does not run once.
    """
    if len(images) < 2:
        raise UserError("firing is rare among many images; give at least two")
    ids = range(len(images)) if ids is None else ids
    with evaluating(model):
        reader = _reader(model, layers, images.shape[1:], firing, generator)
        read = [reader(part) for part in images.split(batch_size)]
        values = {name: torch.cat([part[name] for part in read]) for name in reader.layers}  # (N, U) each
        limits = {name: thresholds(both_signs(value), firing.rate) for name, value in values.items()}
        fired = {name: both_signs(value) > limits[name][:, None] for name, value in values.items()}  # (2, N, U)
        local = _local_rates(reader, images, ids, trajectory, limits, fired, batch_size)
    shapes = {name: reader.chosen.get(name, torch.arange(value.shape[1])) for name, value in values.items()}
    least = _firing(firing.rate, len(images)) / len(images)
    return {name: _better(shapes[name], limits[name], fired[name], local[name], least) for name in values}


def family_trajectory(
    family: str,
    magnitudes: Sequence[float],
    shape: tuple[int, int, int],
    rendering: Rendering,
    device: torch.device,
    seed: int = 0,
) -> Trajectory:
    """Images (C, H, W) under a family's magnitudes, rendered as in screening. The identity among them is left out.

    Raises UserError for an unknown family or if nothing but the identity is left.
    """
    if family not in FAMILIES:
        raise UserError(f"{family!r} is no family; use {', '.join(FAMILIES)}")
    others = [magnitude for magnitude in magnitudes if magnitude != FAMILIES[family].identity]
    if not others:
        raise UserError(f"{family}: the magnitudes {list(magnitudes)} transform nothing; give others than the identity")
    transforms = [prepare(family, magnitude, shape, rendering, device) for magnitude in others]

    def trajectory(images: Tensor, ids: Sequence[int]) -> Iterable[Tensor]:
        batch = Batch(images.to(device, torch.float32), ids, seed)
        return (transform(batch) for transform in transforms)

    return trajectory


def both_signs(values: Tensor) -> Tensor:
    """(N, U) -> (2, N, U): as they are, and negated."""
    return torch.stack([sign * values for sign in SIGNS])


def thresholds(values: Tensor, rate: float) -> Tensor:
    """(..., U) what a share of `rate` of the values (..., N, U) exceeds, halfway between two of them; see the module.

    At least one image fires. -inf for constants.
    """
    ordered = values.sort(dim=-2, descending=True).values
    count = ordered.shape[-2]
    wanted = _firing(rate, count)
    first, last = ordered[..., :1, :], ordered[..., -1:, :]
    above = (values > ordered[..., wanted, :][..., None, :]).sum(dim=-2, keepdim=True)
    firing = torch.where(above > 0, above, (values >= first).sum(dim=-2, keepdim=True))
    lowest, highest = ordered.gather(-2, firing - 1), ordered.gather(-2, firing.clamp(max=count - 1))
    constant = first - last <= ROUNDING * torch.maximum(first.abs(), last.abs())
    return torch.where(constant, -torch.inf, (lowest + highest) / 2).squeeze(-2)


def _firing(rate: float, count: int) -> int:
    """Images among `count` on which a unit should fire: at least one, not all."""
    return min(max(int(rate * count + 1e-9), 1), count - 1)


def _reader(
    model: nn.Module, names: Sequence[str], shape: Sequence[int], firing: Firing, generator: torch.Generator | None
) -> _Reader:
    layers = layers_at(model, names, shape)
    chosen: dict[str, Tensor] = {}
    if firing.places is not None:
        if generator is None:
            raise ValueError("places are drawn: give a generator")
        for name, output in output_shapes(model, layers, shape).items():
            if len(output) == 3:
                chosen[name] = torch.randperm(math.prod(output), generator=generator)[: firing.places].sort().values
    return _Reader(model, layers, activations(model, layers) if firing.activated else None, chosen)


def _local_rates(
    reader: _Reader,
    images: Tensor,
    ids: Sequence[int],
    trajectory: Trajectory,
    limits: Mapping[str, Tensor],
    fired: Mapping[str, Tensor],
    batch_size: int,
) -> dict[str, Tensor]:
    """L (2, U) of each layer: firings over the trajectories of the images on which a unit fired."""
    selective = {name: limit.isfinite() for name, limit in limits.items()}  # (2, U) others always fire
    anywhere = torch.stack([(fired[name] & selective[name][:, None]).any(dim=2).any(dim=0) for name in fired])
    firings = {name: torch.zeros_like(limit) for name, limit in limits.items()}
    visits = {name: torch.zeros_like(limit) for name, limit in limits.items()}
    for chosen in anywhere.any(dim=0).nonzero()[:, 0].split(batch_size):
        for moved in trajectory(images[chosen.to(images.device)], [ids[place] for place in chosen.tolist()]):
            for name, value in reader(moved).items():
                before = fired[name][:, chosen]  # (2, n, U)
                firings[name] += (before & (both_signs(value) > limits[name][:, None])).sum(dim=1)
                visits[name] += before.sum(dim=1)
    return {name: torch.where(selective[name], firings[name] / visits[name], 1.0) for name in fired}


def _better(unit: Tensor, limits: Tensor, fired: Tensor, local: Tensor, least: float) -> UnitScores:
    """Of thresholds (2, U), firings (2, N, U) and local rates (2, U) those of the sign with the higher score."""
    overall = fired.double().mean(dim=1)  # (2, U)
    scores = local / overall.clamp(min=least)
    sign = (scores[1] > scores[0]).long()[None]  # (1, U)
    kept = (found.gather(0, sign)[0].numpy() for found in (limits, overall, local, scores))
    return UnitScores(unit.numpy(), np.array(SIGNS)[sign[0].numpy()], *kept)
