"""Metric multi-dimensional scaling: SMACOF (de Leeuw 1977) started from classical scaling.

With equal weights SMACOF's step, the Guttman transform, is a gradient descent on the stress whose step needs no search
and never climbs, but whose convergence is linear and slow. Our choice: the same gradients feed a limited-memory
quasi-Newton step (L-BFGS, Nocedal 1980), and wherever that would not lower the stress the Guttman transform is taken
instead. So the stress falls in every step as SMACOF's does, in a fraction of the steps. `plain` leaves SMACOF
alone.

Pairs of points are taken in square blocks, each pair once, so that what is computed on the way stays in the cache and
the distances wanted are all that is ever held of size N x N.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor

ITERATIONS = 300
TOLERANCE = 1e-6  # decrease of the stress in an iteration, as a share of the squared distances, at which to stop
FINER = 0.1  # times that, for quasi-Newton steps: they may pause where the Guttman transform would still go on
MEMORY = 10  # steps that a quasi-Newton step looks back on
BLOCK = {"cpu": 512, "cuda": 4096}  # points: four blocks of pairs fit a core's cache; on a GPU, enough to fill it
NOTHING = 1e-30  # added to squared distances found, for points that coincide


def scale(
    points: Tensor,
    dimensions: int = 2,
    iterations: int = ITERATIONS,
    plain: bool = False,
    precision: torch.dtype = torch.float32,
) -> tuple[Tensor, float]:
    """Place points (N, features) in `dimensions`, their Euclidean distances kept as well as can be.

    Gives positions (N, dimensions), float64, and their stress-1. `precision` is that of a single distance, with 4 or 8
    bytes N^2 in memory; sums over distances are always float64.
    """
    if points.device.type == "mps":  # has no float64
        points = points.cpu()
    return smacof(distances(points, precision), classical_scaling(points, dimensions), iterations, plain)


def distances(points: Tensor, precision: torch.dtype = torch.float64) -> Tensor:
    """Euclidean distances (N, N) of points (N, features), exactly symmetric and 0 on the diagonal.

    By products of the points in float64, whatever the precision of what is kept: an error of 1e-8 of the distance from
    the centre where points coincide, far less elsewhere.
    """
    centred = points.double() - points.double().mean(0)
    squares = centred.square().sum(1)
    found = torch.empty(len(points), len(points), dtype=precision, device=points.device)
    for rows, columns in blocks(len(points), points.device):
        squared = torch.addmm(squares[columns], centred[rows], centred[columns].T, alpha=-2).add_(squares[rows, None])
        block = squared.clamp_min_(0).sqrt_()
        if rows == columns:
            block = (block + block.T).div_(2).fill_diagonal_(0)
        found[rows, columns] = block
        found[columns, rows] = block.T
    return found


def blocks(count: int, device: torch.device) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the square blocks on and above the diagonal of a (count, count) matrix."""
    number = -(-count // BLOCK.get(device.type, BLOCK["cpu"]))
    edges = [count * part // number for part in range(number + 1)]
    parts = [slice(*ends) for ends in pairwise(edges)]
    return ((rows, columns) for first, rows in enumerate(parts) for columns in parts[first:])


def classical_scaling(points: Tensor, dimensions: int) -> Tensor:
    """Positions (N, dimensions), float64: classical scaling (Torgerson 1952) of the Euclidean distances of points.

    That is their projection on the first principal axes, so the smaller of the products (features, features) and
    (N, N) is enough. Each axis points so that its farthest point is positive, because eigenvectors have no sign of
    their own. Axes that the points do not have are 0.
    """
    centred = points.double() - points.double().mean(0)
    count, features = centred.shape
    if features < count:
        _, vectors = torch.linalg.eigh(centred.T @ centred)
        positions = centred @ vectors.flip(1)[:, :dimensions]
    else:
        values, vectors = torch.linalg.eigh(centred @ centred.T)
        positions = vectors.flip(1)[:, :dimensions] * values.flip(0)[:dimensions].clamp_min(0).sqrt()
    farthest = positions.gather(0, positions.abs().argmax(0, keepdim=True))
    positions = positions * torch.where(farthest < 0, -1.0, 1.0)
    return torch.nn.functional.pad(positions, (0, dimensions - positions.shape[1]))


@dataclass(frozen=True)
class Placement:
    """Positions, and what a step from them needs. Sums are over pairs, each once."""

    positions: Tensor  # (N, dimensions)
    transformed: Tensor  # (N, dimensions) their Guttman transform
    stress: float  # sum of the squared errors of the distances, less that of the squared distances wanted
    squares: float  # sum of the squared distances found

    @property
    def gradient(self) -> Tensor:
        """Of the stress, over 2 N."""
        return self.positions - self.transformed


@dataclass
class Curvature:
    """What the last steps told about the second derivatives of the stress (L-BFGS)."""

    pairs: deque[tuple[Tensor, Tensor]] = field(default_factory=lambda: deque(maxlen=MEMORY))

    def learn(self, before: Placement, after: Placement) -> None:
        step, change = after.positions - before.positions, after.gradient - before.gradient
        if inner(step, change) > 0:
            self.pairs.append((step, change))

    def step(self, gradient: Tensor) -> Tensor:
        """The quasi-Newton step; without memory that of the Guttman transform."""
        rest, shares = gradient, []
        for step, change in reversed(self.pairs):
            shares.append(inner(step, rest) / inner(step, change))
            rest = rest - shares[-1] * change
        if self.pairs:
            rest = rest * (inner(*self.pairs[-1]) / inner(self.pairs[-1][1], self.pairs[-1][1]))
        for (step, change), share in zip(self.pairs, reversed(shares), strict=True):
            rest = rest + (share - inner(change, rest) / inner(step, change)) * step
        return -rest


def smacof(
    wanted: Tensor, start: Tensor, iterations: int = ITERATIONS, plain: bool = False, tolerance: float = TOLERANCE
) -> tuple[Tensor, float]:
    """Improve positions (N, dimensions) until the stress stands still; also gives their stress-1.

    `wanted` (N, N) is symmetric; its type is the precision that distances are computed in. An iteration is one pass
    over the pairs. `plain`: by Guttman transforms alone, which is scikit-learn's `smacof`, iteration by iteration.
    """
    limit = tolerance if plain else FINER * tolerance
    place, curvature = evaluate(wanted, start.double()), Curvature()
    for iteration in range(iterations):
        before = place
        place = evaluate(wanted, before.transformed if plain else before.positions + curvature.step(before.gradient))
        if not plain and not place.stress < before.stress and curvature.pairs:
            curvature, place = Curvature(), before
            continue
        curvature.learn(before, place)
        if iteration and before.stress - place.stress < limit * place.squares:
            break
    return place.positions, stress_1(place.positions, wanted)


def evaluate(wanted: Tensor, positions: Tensor) -> Placement:
    """The Guttman transform of positions, and from it the stress, in one pass over the pairs.

    De Leeuw (1977): the sum over pairs of wanted times found distances is N times the inner product of the positions
    with their transform, and that of the squared distances found N times the squared positions about their mean.
    """
    count = len(positions)
    transformed = pulls(wanted, positions) / count
    centred = positions - positions.mean(0)
    squares = count * inner(centred, centred)
    return Placement(positions, transformed, squares - 2 * count * inner(centred, transformed), squares)


def pulls(wanted: Tensor, positions: Tensor) -> Tensor:
    """For each point the sum, over the others, of the wanted distance in the direction from the other (N, dimensions).

    Where two points coincide there is no direction and the pair counts nothing.
    """
    axes = positions.T.to(wanted.dtype).contiguous()  # (dimensions, N)
    total = torch.zeros_like(axes, dtype=torch.double)
    nothing = torch.tensor(NOTHING, dtype=wanted.dtype, device=wanted.device)
    room: list[Tensor] = []  # for dimensions + 1 blocks, used again: fresh memory would cost more than the arithmetic
    for rows, columns in blocks(len(positions), wanted.device):
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        if not room or room[0].shape != shape:
            room = [wanted.new_empty(shape) for _ in range(len(axes) + 1)]
        *differences, ratio = room
        torch.sub(axes[0, rows, None], axes[0, columns], out=differences[0])
        torch.addcmul(nothing, differences[0], differences[0], out=ratio)
        for axis, difference in zip(axes[1:], differences[1:], strict=True):
            torch.sub(axis[rows, None], axis[columns], out=difference)
            ratio.addcmul_(difference, difference)
        ratio.rsqrt_().mul_(wanted[rows, columns])
        for axis, difference in enumerate(differences):
            difference.mul_(ratio)
            total[axis, rows] += difference.sum(1)
            if rows != columns:
                total[axis, columns] -= difference.sum(0)
    return total.T.contiguous()


def inner(first: Tensor, second: Tensor) -> float:
    return float((first * second).sum())


def stress_1(positions: Tensor, wanted: Tensor) -> float:
    """Kruskal's stress-1 of positions (N, dimensions) for the distances wanted (N, N), a block of rows at a time.

    Root of the squared errors over the squared distances found: 0 is perfect, 0.2 poor.
    """
    errors = squares = 0.0
    size = BLOCK["cpu"]
    for place, row in zip(positions.split(size), wanted.split(size), strict=True):
        found = torch.cdist(place, positions, compute_mode="donot_use_mm_for_euclid_dist")
        errors += float((found - row).square().sum())
        squares += float(found.square().sum())
    return (errors / squares) ** 0.5 if squares else 0.0
