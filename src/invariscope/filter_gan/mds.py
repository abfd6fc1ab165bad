"""Metric multi-dimensional scaling: SMACOF (de Leeuw 1977) started from classical scaling."""

import torch
from torch import Tensor

ITERATIONS = 300
TOLERANCE = 1e-6  # decrease of the stress in an iteration, as a share of the squared distances, at which to stop
CLOSEST = 1e-12  # points closer than this coincide


def scale(points: Tensor, dimensions: int = 2, iterations: int = ITERATIONS) -> tuple[Tensor, float]:
    """Place points (N, features) in `dimensions`, their Euclidean distances kept as well as can be.

    Gives positions (N, dimensions), float64, and their stress-1.
    """
    if points.device.type == "mps":  # has no float64
        points = points.cpu()
    wanted = distances(points.double())
    return smacof(wanted, classical_scaling(wanted, dimensions), iterations)


def distances(points: Tensor) -> Tensor:
    """Euclidean distances (N, N), exactly symmetric and 0 on the diagonal."""
    return torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")


def classical_scaling(wanted: Tensor, dimensions: int) -> Tensor:
    """Positions (N, dimensions) from distances (N, N): the first principal axes (Torgerson 1952).

    Each axis points so that its farthest point is positive, because eigenvectors have no sign of their own.
    """
    squared = wanted.square()
    inner = -0.5 * (squared - squared.mean(0) - squared.mean(1, keepdim=True) + squared.mean())
    values, vectors = torch.linalg.eigh(inner)
    positions = vectors.flip(1)[:, :dimensions] * values.flip(0)[:dimensions].clamp_min(0).sqrt()
    farthest = positions.gather(0, positions.abs().argmax(0, keepdim=True))
    return positions * torch.where(farthest < 0, -1.0, 1.0)


def smacof(wanted: Tensor, start: Tensor, iterations: int = ITERATIONS) -> tuple[Tensor, float]:
    """Improve positions (N, dimensions) by Guttman transforms until the stress stands still; also the stress-1."""
    positions = start
    found = distances(positions)
    stress = (found - wanted).square().sum()
    for _ in range(iterations):
        ratio = torch.where(found > CLOSEST, wanted / found.clamp_min(CLOSEST), 0.0)
        positions = (ratio.sum(1, keepdim=True) * positions - ratio @ positions) / len(positions)
        found = distances(positions)
        previous, stress = stress, (found - wanted).square().sum()
        if previous - stress < TOLERANCE * found.square().sum():
            break
    return positions, stress_1(found, wanted)


def stress_1(found: Tensor, wanted: Tensor) -> float:
    """Kruskal's stress-1: root of the squared errors over the squared distances found. 0 is perfect, 0.2 poor."""
    return float(torch.sqrt((found - wanted).square().sum() / found.square().sum()))
