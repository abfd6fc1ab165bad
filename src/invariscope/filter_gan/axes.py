"""Where in the latent space a traversal goes: grids of latent codes about a base code."""

from dataclasses import dataclass

import torch
from torch import Tensor

from invariscope.filter_gan.networks import Generator
from invariscope.runtime import torch_generator

KINDS = ("random", "principal")
SAMPLES = 64  # latent codes that the sensitivity is averaged over


@dataclass(frozen=True)
class Grid:
    """The latent codes of one image's grid, row by row."""

    codes: Tensor  # (n*n, d)
    rows: Tensor  # (n*n,) 0 ... n-1
    columns: Tensor  # (n*n,)


def base_code(dimension: int, seed: int, image_id: int) -> Tensor:
    """The code (d,) that an image's grids stand about: drawn as in training, anew for every image."""
    return torch.randn(dimension, generator=torch_generator(seed, "base code", image_id))


def random_axes(dimension: int, seed: int, image_id: int) -> Tensor:
    """Two latent dimensions (2, d), drawn for every image (section 4 of the paper)."""
    order = torch.randperm(dimension, generator=torch_generator(seed, "random axes", image_id))
    return torch.eye(dimension)[order[:2]]


@torch.no_grad()
def principal_axes(generator: Generator, seed: int) -> Tensor:
    """Two orthonormal directions (2, d) along which the generated banks change most; the same for every image.

    Our choice: the leading eigenvectors of E[JᵀJ], J the generator's Jacobian at a random code. (The mean of J itself
    would miss a change whose sign depends on the code.) The component of largest magnitude is positive.
    """
    codes = torch.randn(SAMPLES, generator.latent_dimension, generator=torch_generator(seed, "sensitivity"))
    jacobian = torch.func.jacfwd(lambda z: generator(z[None]).flatten())
    total = torch.zeros(generator.latent_dimension, generator.latent_dimension, dtype=torch.float64)
    for z in codes.to(generator.scale.device):
        change = jacobian(z)  # (weights, d)
        total += (change.T @ change).cpu().double()
    directions = torch.linalg.eigh(total).eigenvectors.T.flip(0)[:2]  # the largest eigenvalue first
    strongest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return (directions * strongest.sign()).float()


def grid(base: Tensor, axes: Tensor, points: int, reach: float) -> Grid:
    """`points` x `points` codes about `base` (d,), within `reach` (in standard deviations of z) along two axes (2, d).

    The first axis goes down the rows, the second along the columns; the point in the middle is `base` exactly.
    """
    offsets = torch.linspace(-1, 1, points) * reach
    offsets[points // 2] = 0
    rows, columns = torch.arange(points).repeat_interleave(points), torch.arange(points).repeat(points)
    codes = base + offsets[rows, None] * axes[0] + offsets[columns, None] * axes[1]
    return Grid(codes, rows, columns)
