"""Multi-dimensional scaling against known configurations and scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.manifold import smacof as reference

from invariscope.filter_gan.mds import classical_scaling, distances, scale, smacof, stress_1


def test_a_planar_configuration_is_recovered_exactly() -> None:
    random = torch.Generator().manual_seed(0)
    plane = torch.randn(40, 2, generator=random, dtype=torch.double)
    turn, _ = torch.linalg.qr(torch.randn(9, 9, generator=random, dtype=torch.double))
    positions, stress = scale(plane @ turn[:2] + 5)  # the same points, tilted into nine dimensions
    torch.testing.assert_close(distances(positions), distances(plane), atol=1e-9, rtol=0)
    assert stress < 1e-9


def test_the_stress_is_scikit_learns_from_the_same_start() -> None:
    points = torch.randn(60, 8, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    wanted = distances(points)
    start = classical_scaling(wanted, 2)
    positions, stress = smacof(wanted, start, iterations=40)
    expected, expected_stress = reference(
        wanted.numpy(), init=start.numpy(), n_init=1, max_iter=40, normalized_stress=True, n_components=2
    )
    assert stress == pytest.approx(expected_stress, rel=1e-6)
    np.testing.assert_allclose(positions.numpy(), expected, atol=1e-6)
    assert stress < stress_1(distances(start), wanted)


def test_equal_points_coincide_and_do_no_harm() -> None:
    points = torch.randn(10, 5, generator=torch.Generator().manual_seed(2)).repeat(2, 1)
    positions, stress = scale(points)
    assert positions.isfinite().all() and 0 < stress < 1
    torch.testing.assert_close(positions[:10], positions[10:], atol=1e-6, rtol=0)


def test_stress_1_of_a_known_triangle() -> None:
    wanted = torch.tensor([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    line = distances(torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]))
    assert stress_1(line, wanted) == pytest.approx((1 / 6) ** 0.5)
