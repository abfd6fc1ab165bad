"""Accuracy averaging: linearity, fair controls, intervals."""

import copy
import math
from dataclasses import replace

import pytest
import torch

from invariscope.classifiers.surgery import convolve_bank, replaced_output
from invariscope.data.table import Images
from invariscope.filter_gan.averaging import CONDITIONS, average, batches, draw_banks, retrain, summarise
from invariscope.filter_gan.config import Averaging, Retraining
from invariscope.filter_gan.evaluation import bank_accuracy, cache_below, open_layer
from invariscope.filter_gan.networks import Generator
from invariscope.intervals import mean_interval
from tests.filter_gan.small import SmallClassifier

CPU = torch.device("cpu")
CONFIG = Averaging(banks=3, seeds=2, images=600, retraining=Retraining(epochs=1, batch_size=50, learning_rate=1e-3))


@pytest.fixture
def generator(classifier: SmallClassifier) -> Generator:
    torch.manual_seed(0)
    weight = classifier.network.conv2.weight
    return Generator(4, 16, weight.shape, float(weight.std())).requires_grad_(False)


def test_averaged_convolutions_are_one_convolution_with_the_mean_bank(
    classifier: SmallClassifier, generator: Generator
) -> None:
    convolution = classifier.network.conv2
    x = torch.randn(5, 4, 4, 4)
    banks = draw_banks(generator, 10, seed=0)
    averaged = torch.stack([convolve_bank(x, bank, convolution) for bank in banks]).mean(0)
    mean_bank = CONDITIONS["averaged"](convolution.weight, banks)
    torch.testing.assert_close(convolve_bank(x, mean_bank, convolution), averaged, rtol=1e-5, atol=1e-6)


def test_accuracy_on_cached_activations_is_the_whole_networks(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    layer = open_layer(classifier, "conv2", held_out, CPU)
    images = cache_below(layer, held_out, CPU)
    x, labels = held_out.tensors()
    real = bank_accuracy(layer, layer.split, layer.convolution.weight, images)
    assert real == (classifier(x).argmax(1) == labels).double().mean().item() > 0.9
    bank = draw_banks(generator, 1, seed=4)[0]
    with replaced_output(layer.convolution, lambda inputs: convolve_bank(inputs, bank, layer.convolution)):
        expected = (classifier(x).argmax(1) == labels).double().mean().item()
    assert bank_accuracy(layer, layer.split, bank, images) == expected < real


def test_every_condition_runs_with_and_without_retraining(
    classifier: SmallClassifier, generator: Generator, images: Images, held_out: Images
) -> None:
    before = copy.deepcopy(classifier.state_dict())
    rows = average(classifier, "conv2", generator, images, held_out, CONFIG, seed=0)
    assert {(row["condition"], row["retrained"], row["seed"]) for row in rows} == {
        (condition, retrained, seed) for condition in CONDITIONS for retrained in (False, True) for seed in (0, 1)
    }
    assert rows == average(classifier, "conv2", generator, images, held_out, CONFIG, seed=0)
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())


def test_retraining_mends_a_foreign_bank(
    classifier: SmallClassifier, generator: Generator, images: Images, held_out: Images
) -> None:
    layer = open_layer(classifier, "conv2", images, CPU)
    training, testing = cache_below(layer, images, CPU), cache_below(layer, held_out, CPU)
    bank = draw_banks(generator, 1, seed=0)[0]
    config = replace(CONFIG.retraining, epochs=6, learning_rate=1e-2)
    retrained = retrain(layer, bank, training, config, seed=0)
    assert bank_accuracy(layer, retrained, bank, testing) > bank_accuracy(layer, layer.split, bank, testing) + 0.2
    statistics = retrained.own.get_submodule("network.norm2").running_mean
    assert not torch.equal(statistics, classifier.network.norm2.running_mean)


def test_batches_depend_on_the_seed_alone_and_cover_the_images() -> None:
    config = Retraining(epochs=2, batch_size=4)
    first = torch.cat(list(batches(12, config, seed=1)))
    assert torch.equal(first, torch.cat(list(batches(12, config, seed=1))))
    assert not torch.equal(first, torch.cat(list(batches(12, config, seed=2))))
    assert sorted(first[:12].tolist()) == list(range(12)) and not torch.equal(first[:12], first[12:])
    assert [len(batch) for batch in batches(3, config, seed=1)] == [3, 3]


def test_a_seed_draws_its_banks(generator: Generator) -> None:
    assert torch.equal(draw_banks(generator, 3, seed=5), draw_banks(generator, 3, seed=5))
    assert not torch.equal(draw_banks(generator, 3, seed=5), draw_banks(generator, 3, seed=6))


def row(condition: str, retrained: bool, seed: int, accuracy: float) -> dict:
    return {"condition": condition, "retrained": retrained, "seed": seed, "accuracy": accuracy}


def test_the_difference_is_paired_by_seed() -> None:
    rows = []
    for seed, (real, averaged) in enumerate([(0.90, 0.91), (0.80, 0.82), (0.70, 0.73)]):
        rows += [row("real", False, seed, 0.5), row("averaged", False, seed, 0.4)]
        rows += [row("averaged", True, seed, averaged), row("real", True, seed, real)]
    summary = summarise(rows[::-1])
    assert summary["real"] == 0.5 and summary["averaged_retrained"] == pytest.approx(0.82)
    difference = summary["averaged_minus_real_retrained"]
    half = 4.302653 * 0.01 / math.sqrt(3)  # Student's t with 2 degrees of freedom
    assert difference["mean"] == pytest.approx(0.02)
    assert difference["ci_low"] == pytest.approx(0.02 - half) and difference["ci_high"] == pytest.approx(0.02 + half)


def test_one_seed_has_no_interval() -> None:
    rows = [row(condition, retrained, 0, 0.5) for condition in CONDITIONS for retrained in (False, True)]
    assert summarise(rows)["averaged_minus_real_retrained"] == {"mean": 0.0, "ci_low": None, "ci_high": None}
    assert math.isnan(mean_interval([1.0])[1])
