"""The call for notebooks."""

import pytest
import torch
from torch import nn

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.features import Robustness, visualize
from invariscope.features.objectives import parse
from invariscope.features.parameterizations import Fourier


def test_one_call_makes_an_image_that_the_classifier_takes_for_the_class(
    classifier: Classifier, images: Images
) -> None:
    found = visualize(classifier, ["class:disc", "class:ring"], pixels=images.tensors()[0], steps=60)
    assert found.objectives == ("class:0", "class:1")
    assert found.images.shape == (2, 1, 16, 16) and found.images.dtype == torch.uint8
    assert classifier(found.images / 255).argmax(1).tolist() == [0, 1]
    assert not found.dead.any()


def test_any_module_any_method_one_objective() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Dropout(0.5), nn.ReLU()).train()
    for parameterization in ("pixels", "fourier", "cppn", Fourier((3, 12, 10))):
        found = visualize(network, "0:2", shape=(3, 12, 10), parameterization=parameterization, steps=5)
        assert found.images.shape == (1, 3, 12, 10)
    assert network.training and network[0].weight.grad is None and network[0].weight.requires_grad


def test_copies_differ_and_are_named(classifier: Classifier) -> None:
    found = visualize(classifier, [parse("2:1"), parse("2:2")], copies=3, diversity=1.0, diverse_in="0", steps=5)
    assert found.objectives == ("2:1",) * 3 + ("2:2",) * 3
    assert len(found.images.flatten(1).unique(dim=0)) == 6


def test_more_objectives_do_not_change_the_first(classifier: Classifier) -> None:
    one = visualize(classifier, "class:1", robustness=Robustness(), steps=4)
    two = visualize(classifier, ["class:1", "2:1"], robustness=Robustness(), steps=4)
    assert (one.images[0].int() - two.images[0].int()).abs().max() <= 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "shape: is missing"),
        ({"shape": (1, 16, 16), "parameterization": "wavelets"}, "'wavelets' is none; use pixels, fourier, cppn"),
        ({"shape": (1, 16, 16), "copies": 2, "diversity": 1.0}, "diverse_in: is missing"),
    ],
)
def test_what_is_missing_is_said(options: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        visualize(nn.Sequential(nn.Conv2d(1, 2, 3)), "0:1", **options)
