"""What the transformers descend. The paper's equations were lost from its text; these are ours.

Notation: A(α) maps positions, C(β) maps colours, both between homogeneous coordinates. A random unit vector is
v = (p, 1) / |(p, 1)| with p a random position of the picture [-1, 1]², or a random colour of the cube [0, 1]^C; on
these A and C act as on any vector, and |M v - v| = |M p - p| / |(p, 1)|, where M p is the transformed position or
colour. (Our choice, where the paper draws any unit vectors: those that are points of a picture. A colour is clamped to
[0, 1] before it is compared, as in the picture. Without this, gain and offset could grow without end, once all values
are black or white, and the loss with them, while the picture stays what it is. Likewise a position that has left the
picture, by more than the diagonal, counts as no farther away.)

Displacement: how far the matrix moves the vectors v_1 ... v_n from where they were,
    D(α) = 1/n Σ_i |A(α) v_i - v_i|,          L_displacement = - mean over the batch of log((D(α) + ε) / (|α| + ε)).
The further, and the more of them, the lower. The logarithm (our choice) counts growth by factors: no control is worth
more than another, and none may stay at 0. Because it is set against |α|, the displacement must grow with the control.

Diversity: different controls must give different transformations. For pairs α, α' of a batch
    D(α, α') = 1/n Σ_i |A(α) v_i - A(α') v_i|, L_diversity = - mean log((D(α, α') + ε) / (|α - α'| + ε)):
the further controls lie apart, the further apart must they move a vector, so the displacement points with the control.
Displacement is its special case α' = 0.

With the same for C and β, and λ lifting colour over space, w weighing diversity:
    L = (L_displacement + w L_diversity)(A, α) + λ (L_displacement + w L_diversity)(C, β).

Switch: a batch descends its mean cross-entropy with the true labels if the share of its images that are classified
right, transformed, is under the floor (clean accuracy - δ); otherwise it descends L (until `train` lets it settle).
"""

import torch
from torch import Tensor

from invariscope.warp import Warp, homogeneous

FARTHEST = 2 * 2**0.5  # half widths, the picture's diagonal: what has left the picture counts as no farther away
EPSILON = 1e-3  # of half a picture's width, or of the range of intensities: a displacement that nobody sees


def growth_loss(moved: Tensor, points: Tensor, control: Tensor, diversity_weight: float) -> Tensor:
    """L_displacement + w L_diversity for one transformer.

    `moved` (N, P, D) is where the maps of controls (N, p) take the points (P, D). Each control is paired with the
    next one of the batch.
    """
    loss = -log_ratio(distance(moved, points, points), control).mean()
    if diversity_weight and len(control) > 1:
        apart = distance(moved, moved.roll(1, 0), points)
        loss = loss - diversity_weight * log_ratio(apart, control - control.roll(1, 0)).mean()
    return loss


def distance(moved: Tensor, other: Tensor, points: Tensor) -> Tensor:
    """(N,): mean distance between the images of the unit vectors (p, 1) / |(p, 1)| under two maps."""
    return ((moved - other).norm(dim=-1).clamp(max=FARTHEST) / homogeneous(points).norm(dim=-1)).mean(dim=1)


def log_ratio(displacement: Tensor, control: Tensor) -> Tensor:
    """(N,): log of the displacement for each unit of the control vector's length."""
    return torch.log((displacement + EPSILON) / (control.norm(dim=1) + EPSILON))


def move_positions(warp: Warp, random: Tensor) -> tuple[Tensor, Tensor]:
    """Random positions (P, 2) of the picture, from numbers in [0, 1], and where maps take them (N, P, 2)."""
    points = 2 * random - 1
    return warp(points), points


def move_colours(matrix: Tensor, random: Tensor) -> tuple[Tensor, Tensor]:
    """Random colours (P, C), and what matrices (N, C, C + 1) make of them (N, P, C), clamped."""
    return (homogeneous(random) @ matrix.transpose(1, 2)).clamp(0, 1), random
