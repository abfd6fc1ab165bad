"""Images for the tests of generative networks."""

import pytest

from invariscope.data.table import Images
from tests.discs import discs_and_rings, seeded_torch

__all__ = ["held_out", "images", "seeded_torch"]


@pytest.fixture(scope="session")
def images() -> Images:
    return discs_and_rings(300, seed=1)


@pytest.fixture(scope="session")
def held_out() -> Images:
    return discs_and_rings(90, seed=2)
