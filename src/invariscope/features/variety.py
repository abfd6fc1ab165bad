"""Several images of one objective that differ, and images on the way from one objective to another (METHODS 5)."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.features.objectives import Objective, modules_of, run_until
from invariscope.features.optimise import Penalty


def interpolated(first: Objective, second: Objective, shares: Sequence[float]) -> list[Objective]:
    """For each share t the objective (1 - t) * first + t * second."""
    return [(1 - share) * first + share * second for share in shares]


def dissimilar(model: nn.Module, module: str, group: int, weight: float) -> Penalty:
    """The penalty that keeps the images of each group of `group`, which follow each other, from being alike.

    It is `weight`, in units of the objective, times the mean cosine between the Gram matrices that two images have of
    the channels of `module` (after lucid's diversity): which channels go together, wherever in the image.
    """
    layer = modules_of(model)[module]

    def penalty(images: Tensor) -> Tensor:
        maps = run_until(model, layer, images).flatten(2)  # (N, C, positions)
        alike = cosines(maps @ maps.transpose(1, 2), group)  # (N / group, group, group)
        return weight * (alike.sum() - alike.diagonal(dim1=1, dim2=2).sum()) / max(1, group - 1)

    return penalty


def cosines(features: Tensor, group: int) -> Tensor:
    """Features (N, ...) -> (N / group, group, group): the cosine between any two of a group."""
    directions = F.normalize(features.flatten(1), dim=1).unflatten(0, (-1, group))
    return directions @ directions.transpose(1, 2)
