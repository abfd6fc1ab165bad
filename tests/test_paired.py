"""Paired tests against brute force, published values, and what they must do under the null."""

from itertools import product

import numpy as np
import pytest

from invariscope.intervals import mean_interval
from invariscope.paired import effect_size, holm, sign_flip_test


def test_few_pairs_are_enumerated() -> None:
    differences = np.array([0.3, -0.1, 0.4, 0.25, 0.05])
    means = [abs(np.mean(np.array(signs) * differences)) for signs in product((1, -1), repeat=5)]
    expected = np.mean([mean >= abs(differences.mean()) - 1e-12 for mean in means])
    assert sign_flip_test(differences, 32, np.random.default_rng(0)) == expected
    assert 2 / 32 < expected < 1
    assert sign_flip_test(np.full(5, 0.7), 32, np.random.default_rng(0)) == 2 / 32  # the most extreme there is


def test_draws_agree_with_enumeration() -> None:
    differences = np.random.default_rng(1).normal(0.5, 1, 12)
    exact = sign_flip_test(differences, 2**12, np.random.default_rng(0))
    drawn = sign_flip_test(differences, 2**12 - 1, np.random.default_rng(0))
    assert drawn != exact and drawn == pytest.approx(exact, abs=4 * (exact / 2**12) ** 0.5)


def test_p_is_uniform_under_the_null_and_tiny_under_a_difference() -> None:
    random = np.random.default_rng(2)
    null = np.array([sign_flip_test(random.standard_t(3, 20), 499, random) for _ in range(400)])
    assert null.mean() == pytest.approx(0.5, abs=0.05)
    for level in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(null <= level) == pytest.approx(level, abs=3 * (level * (1 - level) / 400) ** 0.5)
    assert sign_flip_test(random.normal(2, 1, 20), 9999, random) == 1e-4  # never zero


def test_no_difference_is_certain() -> None:
    assert sign_flip_test(np.zeros(3), 100, np.random.default_rng(0)) == 1
    assert sign_flip_test(np.zeros(30), 100, np.random.default_rng(0)) == 1
    assert all(np.isnan(effect_size(np.full(4, 0.1))))
    assert all(np.isnan(effect_size(np.array([0.1]))))


def test_effect_size_is_in_standard_deviations() -> None:
    differences = np.array([1.0, 2.0, 3.0])
    size, low, high = effect_size(differences)
    assert size == 2 and (low + high) / 2 == pytest.approx(2)
    assert effect_size(-differences) == pytest.approx((-size, -high, -low))
    assert effect_size(10 * differences) == pytest.approx((size, low, high))


def test_the_interval_of_an_effect_covers_it() -> None:
    random = np.random.default_rng(3)
    found = [effect_size(random.normal(0.8, 1, 15))[1:] for _ in range(400)]
    assert np.mean([low < 0.8 < high for low, high in found]) == pytest.approx(0.95, abs=0.035)
    assert mean_interval([1.0, 2.0, 3.0])[0] == 2


def test_holm_on_known_values() -> None:
    # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.6]), [1.0, 1.0])
    assert len(holm([])) == 0
