"""Images for the tests of generative networks."""

from collections.abc import Iterator

import pytest
import torch

from invariscope.data.table import Images
from tests.discs import discs_and_rings


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """Every test draws the same random numbers, in whatever order tests run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture(scope="session")
def images() -> Images:
    return discs_and_rings(300, seed=1)


@pytest.fixture(scope="session")
def held_out() -> Images:
    return discs_and_rings(90, seed=2)
