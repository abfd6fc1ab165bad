"""Multi-dimensional scaling against known configurations and scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.manifold import smacof as reference
from torch import Tensor

from invariscope.filter_gan import mds
from invariscope.filter_gan.mds import classical_scaling, distances, evaluate, pulls, scale, smacof, stress_1


def cloud(count: int, features: int, seed: int) -> Tensor:
    return torch.randn(count, features, generator=torch.Generator().manual_seed(seed), dtype=torch.double)


def clusters(count: int) -> Tensor:
    """Points as filters lie: 8 centres, the points about them half as far as the centres from each other."""
    return cloud(8, 30, 0).repeat(-(-count // 8), 1)[:count] + 0.5 * cloud(count, 30, 1)


def test_a_planar_configuration_is_recovered_exactly() -> None:
    plane = cloud(40, 2, 0)
    turn, _ = torch.linalg.qr(cloud(9, 9, 1))
    positions, stress = scale(plane @ turn[:2] + 5, precision=torch.double)  # the points tilted into nine dimensions
    torch.testing.assert_close(distances(positions), distances(plane), atol=1e-9, rtol=0)
    assert stress < 1e-9
    single, stress = scale(plane @ turn[:2] + 5)
    torch.testing.assert_close(distances(single), distances(plane), atol=1e-5, rtol=0)
    assert stress < 1e-5


@pytest.mark.parametrize("iterations", [1, 40, 300])  # 300: until scikit-learn's own criterion stops it
@pytest.mark.parametrize("block", [7, 512])
def test_plain_is_scikit_learns(iterations: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mds.BLOCK, "cpu", block)
    points = cloud(60, 8, 1)
    wanted, start = distances(points), classical_scaling(points, 2)
    positions, stress = smacof(wanted, start, iterations, plain=True)
    expected, expected_stress = reference(
        wanted.numpy(), init=start.numpy(), n_init=1, max_iter=iterations, normalized_stress=True, n_components=2
    )
    assert stress == pytest.approx(expected_stress, rel=1e-9)
    np.testing.assert_allclose(positions.numpy(), expected, atol=1e-8)
    assert stress < stress_1(start, wanted)


@pytest.mark.parametrize("precision", [torch.float, torch.double])
def test_quasi_newton_steps_end_no_higher_than_scikit_learn(precision: torch.dtype) -> None:
    points = clusters(300)
    _, stress = scale(points, precision=precision)
    wanted = distances(points).numpy()
    start = classical_scaling(points, 2).numpy()
    _, expected = reference(wanted, init=start, n_init=1, normalized_stress=True, n_components=2)
    assert stress <= expected


def test_the_stress_falls_in_every_iteration() -> None:
    """The raw stress, which is what is minimised; it is the same where a step was refused."""
    points = clusters(100)
    wanted, start = distances(points), classical_scaling(points, 2)
    found, plain = (
        [evaluate(wanted, smacof(wanted, start, iterations, choice)[0]).stress for iterations in range(1, 30)]
        for choice in (False, True)
    )
    assert all(after <= before + 1e-12 * abs(before) for before, after in pairwise(found))
    assert found[-1] < plain[-1]


def test_the_guttman_transform_gives_gradient_and_stress() -> None:
    wanted = distances(cloud(20, 5, 2))
    positions = cloud(20, 2, 3).requires_grad_()
    upper = torch.triu_indices(20, 20, 1)
    found = (positions[upper[0]] - positions[upper[1]]).norm(dim=1)
    stress = (found - wanted[upper[0], upper[1]]).square().sum()
    (gradient,) = torch.autograd.grad(stress, positions)
    place = evaluate(wanted, positions.detach() - positions.detach().mean(0))
    torch.testing.assert_close(2 * 20 * place.gradient, gradient)
    assert place.stress + float(wanted.square().sum() / 2) == pytest.approx(float(stress.detach()))


@pytest.mark.parametrize("shape", [(40, 6), (20, 50)])  # more points than features, and fewer
def test_classical_scaling_is_torgersons(shape: tuple[int, int]) -> None:
    points = cloud(*shape, 4) + 3
    squared = distances(points).square()
    products = -0.5 * (squared - squared.mean(0) - squared.mean(1, keepdim=True) + squared.mean())
    values, vectors = torch.linalg.eigh(products)
    expected = vectors.flip(1)[:, :2] * values.flip(0)[:2].sqrt()
    positions = classical_scaling(points, 2)
    torch.testing.assert_close(positions.abs(), expected.abs(), atol=1e-9, rtol=0)
    assert (positions.gather(0, positions.abs().argmax(0, keepdim=True)) > 0).all()


def test_distances_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    points = cloud(50, 12, 5) + 100
    expected = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    positions = classical_scaling(points, 2)
    whole = pulls(expected, positions)
    monkeypatch.setitem(mds.BLOCK, "cpu", 9)
    found = distances(points)
    torch.testing.assert_close(found, expected, atol=1e-9, rtol=0)
    assert torch.equal(found, found.T) and not found.diagonal().any()
    torch.testing.assert_close(pulls(expected, positions), whole)


def test_equal_points_coincide_and_do_no_harm() -> None:
    points = cloud(10, 5, 2).float().repeat(2, 1)
    positions, stress = scale(points)
    assert positions.isfinite().all() and 0 < stress < 1
    torch.testing.assert_close(positions[:10], positions[10:], atol=1e-4, rtol=0)


def test_points_on_a_line_lie_on_a_line() -> None:
    positions, stress = scale(torch.tensor([[0.0], [1.0], [3.0]]))
    torch.testing.assert_close(
        distances(positions)[0], torch.tensor([0.0, 1, 3], dtype=torch.double), rtol=1e-5, atol=0
    )
    assert positions.shape == (3, 2) and not positions[:, 1].any() and stress < 1e-5


def test_equal_points_give_equal_bytes() -> None:
    first, second = (scale(clusters(200))[0] for _ in range(2))
    assert torch.equal(first, second)


def test_stress_1_of_a_known_triangle() -> None:
    wanted = torch.tensor([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    line = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    assert stress_1(line, wanted) == pytest.approx((1 / 6) ** 0.5)
