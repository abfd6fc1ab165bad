"""Data set examples, and units that never answer."""

import numpy as np
import pytest
import torch
from torch import nn

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.features.examples import find_examples
from invariscope.features.objectives import Probe, parse

SHAPE = (1, 16, 16)


def test_examples_are_the_highest_and_the_lowest(classifier: Classifier, images: Images) -> None:
    probe = Probe(classifier, [parse("class:1"), parse("0:2")], SHAPE)
    found = find_examples(probe, images, 5)
    values = probe.all(images.tensors()[0]).t().numpy()
    np.testing.assert_allclose(found.values, values, rtol=1e-4, atol=1e-4)
    for number in range(2):
        ranked = np.sort(values[number])
        np.testing.assert_allclose(values[number][found.top[number]], ranked[::-1][:5], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(values[number][found.bottom[number]], ranked[:5], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.spread, values.max(1) - values.min(1), rtol=1e-4)
    assert (images.labels[found.top[0]] == 1).all() and (images.labels[found.bottom[0]] == 0).all()


def test_a_value_does_not_depend_on_the_images_beside_it(classifier: Classifier, images: Images) -> None:
    probe = Probe(classifier, [parse("class:1")], SHAPE)
    whole = find_examples(probe, images, 1).values
    part = find_examples(probe, images.at(np.arange(300, 320)), 1).values
    assert np.array_equal(whole[:, 300:320], part)


@pytest.mark.parametrize("inplace", [False, True])
def test_a_unit_behind_a_rectifier_that_is_never_on_is_dead(images: Images, inplace: bool) -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=inplace), nn.Conv2d(4, 2, 3)).eval()
    with torch.no_grad():
        network[1].bias.copy_(torch.tensor([-1e3, 1e3, 0.0, 0.0]))
        network[0].weight[3].zero_()
    texts = ["0:0", "0:1", "0:2", "0:3", "1:0", "2:0", "2:2", "0:0 + 0:3", "0:0 + 0:1", "3:0"]
    found = find_examples(Probe(network, [parse(text) for text in texts], SHAPE), images, 1)
    dead = {text for text, gone in zip(texts, found.dead, strict=True) if gone}
    assert dead == {"0:0", "0:3", "1:0", "2:0", "0:0 + 0:3"}  # 0:3 is a constant; what one live unit adds to lives


def test_what_a_layer_gives_before_its_activation_is_left_as_it_is(images: Images) -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True)).eval()
    x = images.tensors()[0][:20]
    before = network[0](x).mean((2, 3)).t().detach().numpy()
    found = find_examples(
        Probe(network, [parse(f"0:{channel}") for channel in range(4)], SHAPE), images.at(np.arange(20)), 1
    )
    assert (before < 0).any()
    np.testing.assert_allclose(found.values, before, rtol=1e-4, atol=1e-6)
