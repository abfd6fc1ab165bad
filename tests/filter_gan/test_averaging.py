"""Accuracy averaging: linearity, fair controls, intervals."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invariscope.classifiers.surgery import convolve_bank, find_convolution, replaced_output
from invariscope.data.table import Images
from invariscope.filter_gan.averaging import (
    CONDITIONS,
    UNITS,
    average,
    averaged,
    bank_sets,
    batches,
    draw_banks,
    retrain,
    summarise,
)
from invariscope.filter_gan.banks import rms_deviation
from invariscope.filter_gan.config import Averaging, Retraining
from invariscope.filter_gan.evaluation import Convolved, accuracy, bank_accuracy, cache_below, open_layer, plain
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.orbit_pooling import pooled_classifier
from invariscope.intervals import mean_interval
from invariscope.seeding import derive
from tests.filter_gan.small import SmallClassifier

CPU = torch.device("cpu")
CONFIG = Averaging(banks=3, seeds=2, images=600, retraining=Retraining(epochs=1, batch_size=50, learning_rate=1e-3))


@pytest.fixture(scope="module")
def generator(classifier: SmallClassifier) -> Generator:
    """Around the real bank, and so wide that the accuracies of the conditions differ."""
    torch.manual_seed(0)
    weight = classifier.network.conv2.weight
    generator = Generator(4, 16, weight.shape, weight.std().item(), initial_spread=12.0)
    generator.layers[4].bias.data = weight.flatten() / weight.std()
    return generator.requires_grad_(False)


@pytest.fixture(scope="module")
def rows(classifier: SmallClassifier, generator: Generator, images: Images, held_out: Images) -> list[dict]:
    return average(classifier, "conv2", generator, images, held_out, CONFIG, seed=0)


def by_seed(rows: list[dict], condition: str, retrained: bool, column: str = "accuracy") -> list[float]:
    return [row[column] for row in rows if (row["condition"], row["retrained"]) == (condition, retrained)]


@torch.no_grad()
def test_averaged_convolutions_are_one_convolution_with_the_mean_bank(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    layer = open_layer(classifier, "conv2", held_out, CPU)
    images = cache_below(layer, held_out, CPU)
    sets = bank_sets(layer.convolution, generator, 10, seed=0)
    many, mean = (Convolved(layer, sets[name], images).batch(slice(0, 9)) for name in ("generated", "mean"))
    assert many.shape[:2] == (9, 10) and mean.shape[:2] == (9, 1)
    looped = [convolve_bank(images.below[0][:9], bank, layer.convolution) for bank in sets["generated"]]
    torch.testing.assert_close(many, torch.stack(looped, 1))
    torch.testing.assert_close(mean[:, 0], torch.stack(looped).mean(0), rtol=1e-5, atol=1e-5)
    below = images.batch(slice(0, 9))
    torch.testing.assert_close(
        averaged(layer.split, many, below), plain(layer.split, mean, below), rtol=1e-5, atol=1e-5
    )


def test_the_papers_condition_and_the_mean_bank_agree_in_the_table(rows: list[dict]) -> None:
    for retrained in (False, True):
        found = by_seed(rows, "averaged", retrained), by_seed(rows, "mean_bank", retrained)
        assert found[0] == pytest.approx(found[1], abs=2 / 300)  # float precision may turn an image or two
        assert max(np.abs(np.subtract(found[0], by_seed(rows, "single", retrained)))) > 0.02


def test_accuracy_on_cached_activations_is_the_whole_networks(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    layer = open_layer(classifier, "conv2", held_out, CPU)
    images = cache_below(layer, held_out, CPU)
    x, labels = held_out.tensors()
    real = bank_accuracy(layer, layer.split, layer.convolution.weight, images)
    assert real == (classifier(x).argmax(1) == labels).double().mean().item() > 0.9
    bank = draw_banks(generator, 1, seed=4)[0] + 0.3 * torch.randn(layer.convolution.weight.shape)
    with replaced_output(layer.convolution, lambda inputs: convolve_bank(inputs, bank, layer.convolution)):
        expected = (classifier(x).argmax(1) == labels).double().mean().item()
    assert bank_accuracy(layer, layer.split, bank, images) == expected < real


def test_kept_convolutions_are_those_computed_when_asked_for(
    classifier: SmallClassifier, generator: Generator, held_out: Images
) -> None:
    layer = open_layer(classifier, "conv2", held_out, CPU)
    convolved = Convolved(layer, draw_banks(generator, 4, seed=0), cache_below(layer, held_out, CPU))
    kept = convolved.kept()
    assert kept.values is not None and kept.values.nbytes == 300 * 4 * 6 * 4 * 4 * 4
    assert convolved.kept(kept.values.nbytes).values is not None
    assert convolved.kept(kept.values.nbytes - 1).values is None
    chosen = torch.tensor([5, 299, 0])
    torch.testing.assert_close(kept.batch(chosen), convolved.batch(chosen), rtol=1e-5, atol=1e-6)
    covered = torch.cat([torch.arange(300)[block] for block in convolved.blocks()])
    assert torch.equal(covered, torch.arange(300)) and len(convolved.blocks()) == 5  # 62 images, 248 convolutions


def test_every_condition_runs_with_and_without_retraining(rows: list[dict]) -> None:
    assert {(row["condition"], row["retrained"], row["seed"]) for row in rows} == {
        (condition, retrained, seed) for condition in CONDITIONS for retrained in (False, True) for seed in (0, 1)
    }
    assert len(rows) == 2 * 2 * 9 and all(set(UNITS) < set(row) for row in rows)
    assert set(by_seed(rows, "real", False, "rms_deviation")) == {0.0}
    assert np.ptp(by_seed(rows, "real", False)) == 0  # only retraining depends on the seed


def test_equal_seeds_agree_and_leave_the_classifier_alone(
    classifier: SmallClassifier, generator: Generator, images: Images, held_out: Images, rows: list[dict]
) -> None:
    before = copy.deepcopy(classifier.state_dict())
    assert average(classifier, "conv2", generator, images, held_out, CONFIG, seed=0) == rows
    assert all(torch.equal(value, before[name]) for name, value in classifier.state_dict().items())
    assert average(classifier, "conv2", generator, images, held_out, replace(CONFIG, seeds=1), seed=1) != rows[:18]


@pytest.mark.parametrize("pool", ["mean", "max"])
@torch.no_grad()
def test_a_pooled_classifier_has_the_accuracy_of_its_row(
    pool: str, classifier: SmallClassifier, generator: Generator, held_out: Images, rows: list[dict]
) -> None:
    pooled = pooled_classifier(classifier, "conv2", generator, CONFIG.banks, pool, seed=derive(0, 1))
    x, labels = held_out.tensors()
    found = (pooled(x).argmax(1) == labels).double().mean().item()
    assert found == pytest.approx(by_seed(rows, f"orbit_{pool}", False)[1])
    assert abs(found - by_seed(rows, "averaged", False)[1]) > 0.02  # pooling after the own block is another thing


def test_retraining_mends_a_foreign_bank(classifier: SmallClassifier, images: Images, held_out: Images) -> None:
    layer = open_layer(classifier, "conv2", images, CPU)
    bank = torch.randn(1, *layer.convolution.weight.shape, generator=torch.Generator().manual_seed(0))
    training, testing = (Convolved(layer, bank, cache_below(layer, part, CPU)) for part in (images, held_out))
    config = replace(CONFIG.retraining, epochs=6, learning_rate=1e-2)
    retrained = retrain(layer.split, plain, training, config, seed=0)
    assert accuracy(retrained, plain, testing) > accuracy(layer.split, plain, testing) + 0.2
    statistics = retrained.own.get_submodule("network.norm2").running_mean
    assert not torch.equal(statistics, classifier.network.norm2.running_mean)


def test_retraining_with_orbit_pooling_trains_the_own_block_on_every_bank(
    classifier: SmallClassifier, generator: Generator, images: Images
) -> None:
    layer = open_layer(classifier, "conv2", images, CPU)
    convolved = Convolved(layer, draw_banks(generator, 3, seed=0), cache_below(layer, images, CPU))
    split = copy.deepcopy(layer.split)
    split.own.get_submodule("network.norm2").momentum = 1.0  # the statistics are those of the last batch
    whole = Retraining(epochs=1, batch_size=len(images), learning_rate=1e-3)
    retrained = retrain(split, CONDITIONS["orbit_mean"].reading, convolved, whole, seed=0)
    expected = convolved.batch(slice(None)).mean((0, 1, 3, 4))
    found = retrained.own.get_submodule("network.norm2").running_mean
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_controls_are_what_they_say(classifier: SmallClassifier, generator: Generator) -> None:
    convolution = classifier.network.conv2
    real, sets = convolution.weight, bank_sets(convolution, generator, 5, seed=3)
    generated, noise = sets["generated"], sets["jittered"] - real
    assert all(banks.shape == (5 if name == "generated" else 1, *real.shape) for name, banks in sets.items())
    assert rms_deviation(sets["jittered"], real) == pytest.approx(rms_deviation(generated, real), rel=1e-5)
    assert rms_deviation(generated, real) == pytest.approx(float(((generated - real) ** 2).mean()) ** 0.5)
    assert rms_deviation(generated, real) > 0.01
    assert float((noise.abs() < noise.std()).float().mean()) == pytest.approx(0.683, abs=0.07)  # Gaussian
    shuffled = sets["shuffled"][0]
    assert sorted(map(tuple, shuffled.flatten(1).tolist())) == sorted(map(tuple, real.flatten(1).tolist()))
    assert not torch.equal(shuffled, real)
    assert torch.equal(sets["first"][0], generated[0])
    bound = 1 / math.sqrt(convolution.in_channels * 9)  # torch's default: uniform, kaiming with a = sqrt(5)
    assert 0.9 * bound < float(sets["fresh"].abs().max()) <= bound
    other = bank_sets(convolution, generator, 5, seed=4)
    assert all(not torch.equal(banks, other[name]) for name, banks in sets.items() if name != "real")


class Untraceable(nn.Module):
    """Control flow that depends on the data."""

    def __init__(self, inner: SmallClassifier) -> None:
        super().__init__()
        self.inner = inner.network

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x if x.mean() < 1e9 else -x)


class UntraceableClassifier(nn.Module):
    def __init__(self, inner: SmallClassifier) -> None:
        super().__init__()
        self.network = Untraceable(inner)

    def forward(self, x: Tensor) -> Tensor:
        return self.network((x - 0.3) / 0.4)


def test_without_a_known_own_block_the_orbit_conditions_are_left_out_and_said_to_be(
    classifier: SmallClassifier,
    generator: Generator,
    images: Images,
    held_out: Images,
    rows: list[dict],
    capsys: pytest.CaptureFixture[str],
) -> None:
    untraceable = UntraceableClassifier(copy.deepcopy(classifier))
    assert find_convolution(untraceable.network, "inner.conv2") is not None
    config = replace(CONFIG, seeds=1)
    found = average(untraceable, "inner.conv2", generator, images, held_out, config, 0, "digits cnn5 conv2")
    assert {row["condition"] for row in found} == set(CONDITIONS) - {"orbit_mean", "orbit_max"}
    assert "digits cnn5 conv2: orbit_mean, orbit_max left out" in capsys.readouterr().err
    for condition in ("real", "averaged", "shuffled"):  # of the rest nothing changes
        assert by_seed(found, condition, False) == by_seed(rows, condition, False)[:1]
    assert "averaged_minus_real_retrained" in summarise(found) and "orbit_mean" not in summarise(found)


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


def test_differences_are_paired_by_seed() -> None:
    rows = []
    for seed, (real, mean) in enumerate([(0.90, 0.91), (0.80, 0.82), (0.70, 0.73)]):
        rows += [row("real", False, seed, 0.5), row("averaged", False, seed, 0.4)]
        rows += [row("averaged", True, seed, mean), row("real", True, seed, real)]
    summary = summarise(rows[::-1])
    assert summary["real"]["accuracy"] == {"mean": 0.5, "ci_low": 0.5, "ci_high": 0.5}
    assert summary["averaged_retrained"]["accuracy"]["mean"] == pytest.approx(0.82)
    assert summary["averaged"]["minus_real_retrained"]["mean"] == pytest.approx(-0.4)
    assert "minus_real_retrained" not in summary["real_retrained"]
    difference = summary["averaged_minus_real_retrained"]
    assert difference == summary["averaged_retrained"]["minus_real_retrained"]
    half = 4.302653 * 0.01 / math.sqrt(3)  # Student's t with 2 degrees of freedom
    assert difference["mean"] == pytest.approx(0.02)
    assert difference["ci_low"] == pytest.approx(0.02 - half) and difference["ci_high"] == pytest.approx(0.02 + half)


def test_one_seed_has_no_interval() -> None:
    rows = [row(condition, retrained, 0, 0.5) for condition in CONDITIONS for retrained in (False, True)]
    assert summarise(rows)["averaged_minus_real_retrained"] == {"mean": 0.0, "ci_low": None, "ci_high": None}
    assert math.isnan(mean_interval([1.0])[1])
