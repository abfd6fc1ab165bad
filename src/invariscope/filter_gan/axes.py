"""Where in the latent space a traversal goes: grids of latent codes about a base code."""

import torch
from torch import Tensor

from invariscope.filter_gan.networks import MakesBanks
from invariscope.runtime import torch_generator

KINDS = ("random", "principal")
SAMPLES = 64  # latent codes that the sensitivity is averaged over
DIFFERENCE = 0.05  # standard deviations of z, to both sides


def base_code(dimension: int, seed: int, image_id: int) -> Tensor:
    """The code (d,) that an image's grids stand about: drawn as in training, anew for every image."""
    return torch.randn(dimension, generator=torch_generator(seed, "base code", image_id))


def random_axes(dimension: int, seed: int, image_id: int) -> Tensor:
    """Two latent dimensions (2, d), drawn for every image (section 4 of the paper)."""
    order = torch.randperm(dimension, generator=torch_generator(seed, "random axes", image_id))
    return torch.eye(dimension)[order[:2]]


@torch.no_grad()
def principal_axes(generator: MakesBanks, seed: int) -> Tensor:
    """Two orthonormal directions (2, d) along which the generated banks change most; the same for every image.

    Our choice: the leading eigenvectors of E[JᵀJ], J the generator's Jacobian at a random code, by central differences.
    (The mean of J itself would miss a change whose sign depends on the code.) The component of largest magnitude is
    positive.
    """
    codes = torch.randn(SAMPLES, generator.latent_dimension, generator=torch_generator(seed, "sensitivity"))
    moves = DIFFERENCE * torch.eye(generator.latent_dimension)
    total = torch.zeros(generator.latent_dimension, generator.latent_dimension, dtype=torch.float64)
    for z in codes:
        above, below = (generator((z + sign * moves).to(generator.scale.device)) for sign in (1, -1))
        change = (above - below).flatten(1)  # (d, weights)
        total += (change @ change.T).cpu().double()
    directions = torch.linalg.eigh(total).eigenvectors.T.flip(0)[:2]  # the largest eigenvalue first
    strongest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
    return (directions * strongest.sign()).float()


def grid_offsets(side: int, reach: float) -> Tensor:
    """Where `side` x `side` points lie along the two axes (side*side, 2), within `reach` (standard deviations of z).

    Row by row; the first axis goes down the rows, the second along the columns. The middle is 0 exactly.
    """
    steps = torch.arange(-(side // 2), side // 2 + 1) * (reach / (side // 2))
    return torch.cartesian_prod(steps, steps)
