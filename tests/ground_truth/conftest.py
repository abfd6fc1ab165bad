"""Twins of the small study, trained once."""

import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.ground_truth import direct
from invariscope.ground_truth.config import ALL
from invariscope.ground_truth.direct import Question
from invariscope.ground_truth.twins import draw_twin, train_twin
from tests.ground_truth.small import BLOCK, DATA, PROBE, TWINS, asked_images

CPU = torch.device("cpu")


@pytest.fixture(scope="package")
def questions() -> dict[str, Question]:
    """By factor."""
    found = direct.questions(DATA, asked_images(), TWINS, PROBE)
    return {question.asked.factor: question for question in found}


@pytest.fixture(scope="package")
def trained() -> dict[str, Classifier]:
    """The first repetition of two twins, frozen and in eval mode."""
    found = {}
    for twin in (ALL, "rotation_fixed"):
        classifier, _ = train_twin(BLOCK, draw_twin(DATA, twin, TWINS, 0, 0), 0, CPU)
        found[twin] = classifier.eval().requires_grad_(False)
    return found
