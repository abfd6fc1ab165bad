"""A few kills of the driver that `python -m tests.faults` runs with many."""

import random
from pathlib import Path

import pytest

from tests.faults import survive
from tests.toy import small_study


@pytest.mark.faults
def test_killed_at_random_moments_a_study_ends_with_equal_files(tmp_path: Path) -> None:
    survive(tmp_path, small_study(), kills=4, chance=random.Random(0), latest=12)
