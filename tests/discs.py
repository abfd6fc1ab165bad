"""Discs and rings on black, and a small Classifier that can tell them apart; fixtures that conftests take over."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.table import Images

SIZE = 16


def discs_and_rings(count: int, seed: int, channels: int = 1) -> Images:
    """Images (N, C, 16, 16) of a disc or a ring near the middle: a turn changes nothing, a far shift loses it."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 2, count)
    place = np.arange(SIZE) - (SIZE - 1) / 2
    middle = random.uniform(-1, 1, (count, 2, 1, 1))
    radius = np.hypot(place[:, None] - middle[:, 0], place - middle[:, 1])  # (N, H, W)
    ink = np.clip(5.5 - radius, 0, 1) * np.where(labels[:, None, None] == 1, np.clip(radius - 2.5, 0, 1), 1)
    pixels = np.repeat((200 * ink)[:, None], channels, axis=1)
    return Images(np.arange(count), pixels.astype(np.uint8), labels, ("disc", "ring"), {})


class Small(nn.Sequential):
    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, 6, 3, padding=1, stride=2),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Flatten(),
            nn.Linear(6 * (SIZE // 2) ** 2, 2),
        )


def small_classifier(images: Images, steps: int = 80) -> Classifier:
    """Frozen and in eval mode, nearly always right."""
    torch.manual_seed(0)
    channels = images.pixels.shape[1]
    normalisation = Normalisation((0.2,) * channels, (0.3,) * channels)
    classifier = Classifier(Small(channels), {}, channels, SIZE, images.class_names, normalisation)
    optimiser = torch.optim.Adam(classifier.parameters(), lr=0.01)
    x, labels = images.tensors()
    for _ in range(steps):
        chosen = torch.randint(len(x), (64,))
        optimiser.zero_grad()
        F.cross_entropy(classifier(x[chosen]), labels[chosen]).backward()
        optimiser.step()
    return classifier.eval().requires_grad_(False)


@pytest.fixture(autouse=True)
def seeded_torch() -> Iterator[None]:
    """Every test draws the same random numbers, in whatever order tests run."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture(scope="session")
def images() -> Images:
    return discs_and_rings(500, seed=1)


@pytest.fixture(scope="session")
def held_out() -> Images:
    return discs_and_rings(320, seed=2)


@pytest.fixture(scope="session")
def classifier(images: Images) -> Classifier:
    return small_classifier(images)
