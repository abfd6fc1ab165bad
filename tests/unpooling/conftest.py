"""A small chain of convolutions and poolings over drawn shapes."""

from pathlib import Path

import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.data import procedural_shapes
from invariscope.data.table import Images
from invariscope.unpooling.scenes import Source, open_source
from tests.discs import seeded_torch
from tests.unpooling.small import SIZE, chain_classifier

__all__ = ["seeded_torch"]


@pytest.fixture(scope="session")
def splits() -> dict[str, Images]:
    config = {"source": "procedural_shapes", "images": 600, "size": SIZE}
    return procedural_shapes.draw(config, 0, Path())


@pytest.fixture(scope="session")
def images(splits: dict[str, Images]) -> Images:
    return splits["train"]


@pytest.fixture(scope="session")
def source() -> Source:
    return open_source("procedural_shapes", SIZE)


@pytest.fixture
def classifier(images: Images) -> Classifier:
    """With random weights: what it has learned is no matter here."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return chain_classifier(images.class_names)
