"""How much of a motion lies along tangents, and how much by chance."""

import numpy as np
import pytest
import torch

from invariscope.ground_truth.explained import (
    CUTOFF,
    Explained,
    explained,
    explained_span,
    normalised,
    null_motions,
    random_share,
)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def orthogonal(count: int, rows: int, dimensions: int, seed: int = 0) -> np.ndarray:
    """(count, rows, dimensions), the rows of unit length and at right angles."""
    return np.linalg.qr(random(count, dimensions, rows, seed=seed))[0].swapaxes(1, 2)


def shares(found: Explained) -> np.ndarray:
    return np.column_stack([found.alone, found.joint, found.unique, found.covered])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- one direction ----------------------------------------------------------------------------------------------------


def test_a_motion_made_of_a_tangent_and_noise_has_the_share_it_was_made_with() -> None:
    base = orthogonal(5, 4, 50)
    first, second, third, noise = (base[:, place] * length for place, length in enumerate((2.0, 5.0, 1.0, 0.7)))
    found = explained(0.3 * first + noise, np.stack([first, second, third], axis=1))
    share = 0.6**2 / (0.6**2 + 0.7**2)
    assert found.alone == pytest.approx(np.tile([share, 0, 0], (5, 1)), abs=1e-12)
    assert found.unique == pytest.approx(found.alone, abs=1e-12) and found.joint == pytest.approx(share)


def test_noise_that_is_not_orthogonal_is_as_regression_says() -> None:
    motion, tangents = random(6, 40), random(6, 5, 40, seed=1)
    found = explained(motion, tangents)
    for n in range(6):
        _, left, *_ = np.linalg.lstsq(tangents[n].T, motion[n], rcond=None)
        total = motion[n] @ motion[n]
        assert found.joint[n] == pytest.approx(1 - left[0] / total)
        for place in range(5):
            _, without, *_ = np.linalg.lstsq(np.delete(tangents[n], place, 0).T, motion[n], rcond=None)
            assert found.unique[n, place] == pytest.approx((without[0] - left[0]) / total)
            cosine = motion[n] @ tangents[n, place] / np.linalg.norm(motion[n]) / np.linalg.norm(tangents[n, place])
            assert found.alone[n, place] == pytest.approx(cosine**2)


def test_unique_shares_of_orthogonal_tangents_sum_to_the_joint() -> None:
    found = explained(random(8, 30), orthogonal(8, 6, 30, seed=1) * 3)
    assert found.unique.sum(axis=1) == pytest.approx(found.joint)
    assert found.unique == pytest.approx(found.alone)


def test_lengths_and_signs_do_not_count() -> None:
    motion, tangents = random(4, 30), random(4, 3, 30, seed=1)
    other = explained(-1e3 * motion, tangents * np.array([1e-3, -5, 1e4])[:, None])
    assert shares(other) == pytest.approx(shares(explained(motion, tangents)))


def test_a_duplicate_is_worth_nothing_more_and_takes_nothing_away() -> None:
    motion, tangents = random(4, 30), random(4, 3, 30, seed=1)
    once = explained(motion, tangents)
    twice = explained(motion, np.concatenate([tangents, -2 * tangents[:, :1]], axis=1))
    assert twice.joint == pytest.approx(once.joint)
    assert twice.alone[:, 3] == pytest.approx(once.alone[:, 0])
    assert twice.unique[:, [0, 3]] == pytest.approx(0, abs=1e-12)
    assert twice.unique[:, 1:3] == pytest.approx(once.unique[:, 1:])


def test_what_nearly_equal_tangents_differ_by_explains_nothing() -> None:
    """The difference of two tangents, a ten-thousandth of them, is exactly the motion: that is no explanation."""
    base = orthogonal(3, 2, 30)
    nearly = np.stack([base[:, 0], base[:, 0] + 1e-4 * base[:, 1]], axis=1)
    found = explained(base[:, 1], nearly)
    assert found.joint.max() < 1e-6 and found.unique.max() < 1e-6
    apart = np.stack([base[:, 0], base[:, 0] + 5 * CUTOFF * base[:, 1]], axis=1)
    assert explained(base[:, 1], apart).joint == pytest.approx(1)


def test_what_vanishes_has_no_share() -> None:
    motion, tangents = random(4, 30), random(4, 3, 30, seed=1)
    motion[1], tangents[2, 1], tangents[3] = 0, 1e-9, 0
    found = explained(motion, tangents)
    assert np.isnan(found.joint).tolist() == [False, True, False, True]
    for values in (found.alone, found.unique, found.covered):
        assert np.isnan(values).tolist() == [[False] * 3, [True] * 3, [False, True, False], [True] * 3]
    assert found.joint[2] == pytest.approx(explained(motion[2:3], tangents[2:3, [0, 2]]).joint[0])


def test_more_tangents_than_dimensions_explain_everything() -> None:
    assert explained(random(4, 5), random(4, 8, 5, seed=1)).joint == pytest.approx(1)


# --- several directions -----------------------------------------------------------------------------------------------


def test_two_axes_along_two_factors_cover_both_and_are_half_along_each() -> None:
    base = orthogonal(4, 3, 40)
    axes = np.stack([base[:, 0] + base[:, 1], base[:, 0] - 3 * base[:, 1]], axis=1)
    found = explained_span(axes, base)
    assert found.covered == pytest.approx(np.tile([1, 1, 0], (4, 1)), abs=1e-12)
    assert found.alone == pytest.approx(np.tile([0.5, 0.5, 0], (4, 1)), abs=1e-12)
    assert found.joint == pytest.approx(1) and (found.rank == 2).all()
    assert found.unique.sum(axis=1) == pytest.approx(1)


def test_the_axes_are_any_basis_of_their_span() -> None:
    axes, tangents = random(5, 2, 40), random(5, 3, 40, seed=1)
    mixed = np.array([[1.0, 2.0], [-1.0, 0.5]]) @ axes
    assert shares(explained_span(mixed, tangents)) == pytest.approx(shares(explained_span(axes, tangents)))


def test_the_joint_share_is_the_mean_over_orthonormal_axes() -> None:
    axes, tangents = orthogonal(5, 2, 40), random(5, 3, 40, seed=1)
    parts = [explained(axes[:, place], tangents) for place in range(2)]
    found = explained_span(axes, tangents)
    assert found.joint == pytest.approx((parts[0].joint + parts[1].joint) / 2)
    assert found.alone == pytest.approx((parts[0].alone + parts[1].alone) / 2)
    assert found.covered == pytest.approx(parts[0].alone + parts[1].alone)


def test_an_axis_twice_is_one_axis() -> None:
    axis, tangents = random(5, 1, 40), random(5, 3, 40, seed=1)
    found = explained_span(np.concatenate([axis, -3 * axis], axis=1), tangents)
    assert (found.rank == 1).all()
    assert shares(found) == pytest.approx(shares(explained(axis[:, 0], tangents)))
    still = explained_span(np.concatenate([axis, 0 * axis], axis=1), tangents)
    assert shares(still) == pytest.approx(shares(found))


# --- chance -----------------------------------------------------------------------------------------------------------


def test_a_random_direction_s_share_is_one_over_the_dimensions() -> None:
    count, dimensions = 4000, 25
    found = explained_span(random(count, 2, dimensions), random(count, 4, dimensions, seed=1))
    assert found.alone.mean() == pytest.approx(random_share(dimensions), rel=0.05)
    assert found.joint.mean() == pytest.approx(random_share(dimensions, 4), rel=0.05)
    assert found.covered.mean() == pytest.approx(2 * random_share(dimensions), rel=0.05)
    assert random_share(dimensions) == 1 / 25 and random_share(3, 5) == 1


def test_null_motions_keep_spectra_and_angles() -> None:
    motion = random(6, 2, 3, 12, 13).cumsum(axis=-1).cumsum(axis=-2)
    found = null_motions(motion, generator())
    assert found.shape == motion.shape and found.dtype == np.float64
    power = [np.abs(np.fft.fft2(values)) ** 2 for values in (motion, found)]
    assert power[1] == pytest.approx(power[0], rel=1e-6, abs=1e-6)
    flat, other = motion.reshape(6, 2, -1), found.reshape(6, 2, -1)
    products = flat @ flat.swapaxes(1, 2)
    assert other @ other.swapaxes(1, 2) == pytest.approx(products)


def test_null_motions_of_a_rough_motion_are_random_directions() -> None:
    motion, tangents = random(2000, 1, 9, 9), random(2000, 1, 81, seed=1)
    found = explained(null_motions(motion, generator()).reshape(2000, -1), tangents)
    assert found.alone.mean() == pytest.approx(random_share(81), rel=0.1)


def test_null_motions_lose_what_the_motion_had_in_common_with_the_tangent() -> None:
    tangents = random(200, 1, 16, 16).cumsum(axis=-1).cumsum(axis=-2)
    tangents -= tangents.mean(axis=(2, 3), keepdims=True)
    motion = tangents + 0.5 * tangents.std() * random(200, 1, 16, 16, seed=1)
    flat = tangents.reshape(200, 1, -1)
    assert explained(motion.reshape(200, -1), flat).alone.mean() > 0.7
    assert explained(null_motions(motion, generator()).reshape(200, -1), flat).alone.mean() < 0.35


def test_smooth_motions_agree_more_by_chance_than_a_random_direction_does() -> None:
    """So the null of equal spectrum is the stricter one."""
    smooth = random(400, 2, 16, 16).cumsum(axis=-1).cumsum(axis=-2)
    motion, tangents = smooth[:, :1], normalised(smooth[:, 1:].reshape(400, 1, -1))
    found = explained(null_motions(motion, generator()).reshape(400, -1), tangents)
    assert found.alone.mean() > 5 * random_share(256)


def test_equal_seeds_draw_equal_nulls() -> None:
    motion = random(3, 1, 8, 8)
    first, again, other = (null_motions(motion, generator(seed)).tobytes() for seed in (1, 1, 2))
    assert first == again and first != other
