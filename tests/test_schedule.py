"""Learning rates in the course of a training."""

import pytest

from invariscope.schedule import falling, one_cycle


def test_the_learning_rate_climbs_and_falls() -> None:
    rates = [0.1 * one_cycle(step, 100) for step in range(100)]
    assert rates.index(max(rates)) in (19, 20) and max(rates) == pytest.approx(0.1)
    assert rates[:20] == sorted(rates[:20]) and rates[20:] == sorted(rates[20:], reverse=True)
    assert 0 < rates[-1] < 1e-3


def test_a_falling_rate_stays_and_falls() -> None:
    rates = [falling(step, 100, 0.4) for step in range(100)]
    assert rates[:60] == [1.0] * 60 and rates[60:] == sorted(rates[60:], reverse=True)
    assert rates[80] == pytest.approx(0.5) and rates[99] == pytest.approx(0.025)
    assert [falling(step, 10, 0.0) for step in range(10)] == [1.0] * 10
