"""Splits by share."""

import numpy as np
import pytest

from invariscope.data.splits import in_turn, split_by_share
from invariscope.errors import UserError

LABELS = np.repeat([0, 1, 2], [40, 20, 10])
NAMES = ("a", "b", "c")


def split(seed: int = 0, **shares: float) -> dict[str, np.ndarray]:
    return split_by_share(LABELS, shares, NAMES, np.random.default_rng(seed))


def test_shares_hold_in_every_class() -> None:
    parts = split(validation=0.1, test=0.2)
    assert {name: np.bincount(LABELS[rows]).tolist() for name, rows in parts.items()} == {
        "train": [28, 14, 7],
        "validation": [4, 2, 1],
        "test": [8, 4, 2],
    }
    assert sorted(np.concatenate(list(parts.values()))) == list(range(70))


def test_equal_seeds_are_equal_splits() -> None:
    np.testing.assert_array_equal(split(test=0.5)["test"], split(test=0.5)["test"])
    assert set(split(test=0.5)["test"]) != set(split(seed=1, test=0.5)["test"])


def test_all_can_be_held_out() -> None:
    assert {name: len(rows) for name, rows in split(test=1.0).items()} == {"test": 70}


def test_tiny_classes_are_in_every_split_or_refused() -> None:
    parts = split_by_share(np.array([0, 0, 1, 1]), {"test": 0.01}, ("a", "b"), np.random.default_rng(0))
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 2, "test": 2}
    with pytest.raises(UserError, match="class 'b' has 1 images"):
        split_by_share(np.array([0, 0, 1]), {"test": 0.5}, ("a", "b"), np.random.default_rng(0))


def test_classes_take_turns() -> None:
    rows = in_turn(np.arange(70), LABELS)
    assert LABELS[rows][:9].tolist() == [0, 1, 2] * 3
    assert rows[:6].tolist() == [0, 40, 60, 1, 41, 61]
    assert sorted(rows) == list(range(70))
