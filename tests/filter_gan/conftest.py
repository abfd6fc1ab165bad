"""Fixtures shared by the filter-GAN's tests."""

import pytest

from invariscope.data.table import Images
from tests.filter_gan.small import SmallClassifier, bars, trained_classifier


@pytest.fixture(scope="session")
def images() -> Images:
    return bars(600, seed=1)


@pytest.fixture(scope="session")
def held_out() -> Images:
    return bars(300, seed=2)


@pytest.fixture(scope="session")
def classifier(images: Images) -> SmallClassifier:
    return trained_classifier(images)
