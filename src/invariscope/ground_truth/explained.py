"""How much of a motion in image space lies along the tangents of known factors (METHODS 2), and how much would by
chance.

All shares are of sums of squares, without an intercept: R² of a motion on one tangent is their cosine squared. Lengths
and signs do not count.
"""

from dataclasses import dataclass

import numpy as np
import torch

SMALLEST = 1e-6  # root mean square, intensity: a smaller motion or tangent is none (that of `invariance.attributes`)
CUTOFF = 3e-2  # singular values of unit directions under this share of the largest are none: a tangent's own error


@dataclass(frozen=True)
class Explained:
    """Shares in [0, 1] of N motions on F factors; NaN where a tangent vanishes, or the motion is none.

    `alone`: how much of the motion would one factor explain? Factors that look alike share what they explain.
    `joint`: how much of the motion do all factors explain together? NaN if all tangents vanish.
    `unique`: how much of `joint` would be lost without the factor? 0 if others can stand in for it.
    `covered`: how much of the factor's tangent lies within the motion's span? 1 if the motion can follow the factor,
    whatever else it does. For a single direction that is `alone`; for a span of `rank` it is `rank` times `alone`.
    """

    alone: np.ndarray  # (N, F)
    joint: np.ndarray  # (N,)
    unique: np.ndarray  # (N, F)
    covered: np.ndarray  # (N, F)
    rank: np.ndarray  # (N,) int64, number of independent directions of the motion


def explained(motion: np.ndarray, tangents: np.ndarray, cutoff: float = CUTOFF) -> Explained:
    """Shares of motions (N, D) on tangents (N, F, D), images flattened."""
    return explained_span(motion[:, None], tangents, cutoff)


def explained_span(motion: np.ndarray, tangents: np.ndarray, cutoff: float = CUTOFF) -> Explained:
    """Shares of motions with several directions (N, A, D), as a traversal's two axes, on tangents (N, F, D).

    `alone`, `joint` and `unique` are means over an orthonormal basis of the directions' span (which one does not
    matter): they answer what such a motion consists of. Two axes are at most half along one factor. `covered` answers
    whether the factor is among what the motion can do: it is 1 for either of two factors that two axes follow.

    Our choice: directions are scaled to unit length first, and of those that nearly depend on one another (singular
    values under `cutoff` of the largest) only what they have in common counts, for axes as for tangents: two that are
    less than 2 `cutoff` radians apart are one, since the error of tangents is as large as what they differ by.
    """
    basis, rank = orthonormal(motion, cutoff)  # (N, A, D)
    units = normalised(tangents)  # (N, F, D)
    vanishes = ~units.any(axis=2)
    # All else happens in the tangents' own span, of F dimensions at most.
    q, own = np.linalg.qr(units.swapaxes(1, 2))  # (N, D, K), (N, K, F)
    inside, own = basis @ q, own.swapaxes(1, 2)  # (N, A, K), (N, F, K)
    covered = np.square(inside @ own.swapaxes(1, 2)).sum(axis=1)
    joint = _share(inside, own, cutoff)
    without = np.stack([_share(inside, np.delete(own, place, axis=1), cutoff) for place in range(own.shape[1])], axis=1)
    unscored = vanishes | (rank == 0)[:, None]
    count = np.maximum(rank, 1)
    return Explained(
        alone=_known(covered / count[:, None], ~unscored),
        joint=_known(joint / count, ~unscored.all(axis=1)),
        unique=_known((joint[:, None] - without) / count[:, None], ~unscored),
        covered=_known(covered, ~unscored),
        rank=rank,
    )


def normalised(directions: np.ndarray) -> np.ndarray:
    """Directions (..., D) of unit length, float64; zero where they vanish."""
    directions = np.asarray(directions, np.float64)
    lengths = np.linalg.norm(directions, axis=-1, keepdims=True)
    present = lengths > SMALLEST * directions.shape[-1] ** 0.5
    return np.where(present, directions, 0) / np.where(present, lengths, 1)


def orthonormal(directions: np.ndarray, cutoff: float = CUTOFF) -> tuple[np.ndarray, np.ndarray]:
    """An orthonormal basis (N, min(A, D), D) of the span of directions (N, A, D), filled up with zeros, and its rank
    (N,)."""
    _, values, basis = np.linalg.svd(normalised(directions), full_matrices=False)
    kept = values > cutoff * values[:, :1]
    return basis * kept[..., None], kept.sum(axis=1)


def _share(inside: np.ndarray, tangents: np.ndarray, cutoff: float) -> np.ndarray:
    """Sum of squares (N,) of the projections of rows (N, A, K) on the span of tangents (N, F, K)."""
    if tangents.shape[1] == 0:
        return np.zeros(len(inside))
    basis, _ = orthonormal(tangents, cutoff)
    return np.square(inside @ basis.swapaxes(1, 2)).sum(axis=(1, 2))


def _known(shares: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Shares without what rounding puts beyond [0, 1]; NaN where they are not known."""
    return np.where(known, np.clip(shares, 0, 1), np.nan)


# --- chance -----------------------------------------------------------------------------------------------------------


def random_share(dimensions: int, tangents: int = 1) -> float:
    """Expected joint R² of a random direction in `dimensions` on so many independent tangents, all directions equally
    likely. `covered` expects this times the number of the motion's directions."""
    return min(tangents / dimensions, 1.0)


def null_motions(motion: np.ndarray, generator: torch.Generator) -> np.ndarray:
    """Motions (N, ..., C, H, W) float64 with the power spectrum of the given ones and random phases, hence as smooth
    but unrelated to the picture: a stricter null than a random direction, as tangents are smooth too.

    Our choice: an image's phases are the same in all its channels and directions, so that colours and angles between
    directions are kept. Phases spread a motion over the whole picture, so where tangents and motion both stay on a
    small object, part of their agreement is only that.
    """
    height, width = motion.shape[-2:]
    between = (1,) * (motion.ndim - 3)
    noise = torch.randn(len(motion), height, width, generator=generator, dtype=torch.float64).numpy()
    spectrum = np.fft.rfft2(noise)  # of a real picture, so that the result is real
    phases = (spectrum / np.abs(spectrum)).reshape(len(motion), *between, *spectrum.shape[1:])
    return np.fft.irfft2(np.fft.rfft2(motion) * phases, s=(height, width))
