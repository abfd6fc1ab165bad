"""How well scores tell two kinds apart, and how far methods agree."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from invariscope.ground_truth.score import auc, auc_interval, roc, spearman

NAN = float("nan")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def graded(groups: int = 12, shared: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, labels and groups (groups * 10,): true ones are higher by one standard deviation; a group may share
    how much."""
    random = np.random.default_rng(0)
    group, labels = np.repeat(np.arange(groups), 10), np.tile([True, False], groups * 5)
    lift = 1 + shared * random.standard_normal(groups)[group]
    return random.standard_normal(len(group)) + labels * lift, labels, group


# --- AUC --------------------------------------------------------------------------------------------------------------


def test_separated_scores_have_1_equal_ones_a_half() -> None:
    labels = np.array([False, False, True, True, True])
    assert auc(np.array([0.1, 0.2, 0.3, 0.9, 0.4]), labels) == 1
    assert auc(np.array([0.1, 0.2, 0.3, 0.9, 0.4]), ~labels) == 0
    assert auc(np.full(5, 0.3), labels) == 0.5


def test_a_tie_counts_half() -> None:
    assert auc(np.array([1.0, 1.0, 2.0]), np.array([False, True, True])) == 0.75  # of 2 pairs, 1 won and 1 tied


def test_agrees_with_the_area_under_the_curve() -> None:
    scores, labels, _ = graded()
    rounded = scores.round(1)
    assert auc(rounded, labels) == pytest.approx(roc_auc_score(labels, rounded))


def test_what_has_no_score_does_not_count() -> None:
    scores, labels = np.array([0.1, NAN, 0.3, NAN]), np.array([False, False, True, True])
    assert auc(scores, labels) == 1
    assert np.isnan(auc(scores, np.array([True, False, True, False])))  # none of the false ones is scored


def test_the_interval_holds_the_value_and_is_wider_for_fewer_groups() -> None:
    many, few = graded(40), graded(8)
    for value, low, high in (auc_interval(*many, 400, generator()), auc_interval(*few, 400, generator())):
        assert 0.5 < low < value < high < 1
    widths = [np.ptp(auc_interval(*given, 400, generator())[1:]) for given in (many, few)]
    assert widths[1] > 1.5 * widths[0]


def test_what_a_group_shares_widens_the_interval() -> None:
    """Drawn one by one, scores that belong together would look like more evidence than they are."""
    scores, labels, groups = graded(12, shared=2.0)
    together = auc_interval(scores, labels, groups, 400, generator())
    apart = auc_interval(scores, labels, np.arange(len(scores)), 400, generator())
    assert together[0] == apart[0]
    assert together[2] - together[1] > 1.2 * (apart[2] - apart[1])


def test_draws_without_both_labels_are_left_out_and_one_group_has_no_interval() -> None:
    scores, labels = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert auc_interval(scores, labels, labels, 50, generator()) == (1, 1, 1)
    assert np.isnan(auc_interval(scores, labels, np.zeros(4), 50, generator())[1:]).all()
    assert np.isnan(auc_interval(scores, np.ones(4, bool), np.arange(4), 50, generator())).all()


def test_equal_seeds_draw_equal_intervals() -> None:
    first, again, other = (auc_interval(*graded(), 100, generator(seed)) for seed in (1, 1, 2))
    assert first == again and first != other


# --- agreement --------------------------------------------------------------------------------------------------------


def test_agreement_is_of_ranks_alone() -> None:
    items = np.array([0.1, 0.4, 0.2, 0.9, 0.8])
    assert spearman(items, np.exp(9 * items)) == pytest.approx(1)
    assert spearman(items, -items) == pytest.approx(-1)


def test_what_tells_nothing_apart_agrees_with_none() -> None:
    assert np.isnan(spearman(np.array([1.0, 2, 3]), np.full(3, 5.0)))
    assert np.isnan(spearman(np.array([1.0, 2]), np.array([1.0, 2])))  # two items always agree or disagree


def test_independent_scores_do_not_agree() -> None:
    a, b = np.random.default_rng(0).standard_normal((2, 4000))
    assert abs(spearman(a, b)) < 0.05


def test_the_area_under_the_curve_is_the_auc() -> None:
    scores, labels, _ = graded()
    scores = np.round(scores, 1)  # with ties
    scores[3] = NAN
    false, true = roc(scores, labels)
    assert np.trapezoid(true, false) == pytest.approx(auc(scores, labels))
    assert false[0] == true[0] == 0 and false[-1] == true[-1] == 1
