"""The Fréchet distance: known normal distributions, its floor, features as the classifier's last layer reads them."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.evaluation import predict
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.data.table import Images
from invariscope.generative.frechet import frechet_distance, look_at, moments
from invariscope.runtime import seeded

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    config = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1, 2, 4], "batch_norm": True}
    with seeded(CPU, 0, "network"):
        network = build_network(config, 1, 16, 2)
    return Classifier(network, config, 1, 16, ["disc", "ring"], Normalisation((0.1,), (0.3,))).eval()


def features(count: int, seed: int, shift: float = 0.0, scale: float = 1.0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return shift + scale * torch.randn(count, 5, generator=random, dtype=torch.float64)


def test_it_is_that_of_the_textbook() -> None:
    mixing = features(5, 9)
    first, second = features(400, 0) @ mixing, features(300, 1, 0.3, 2.0)
    one, other = (np.cov(part.numpy(), rowvar=False) for part in (first, second))
    means = (first.mean(0) - second.mean(0)).square().sum().item()
    expected = means + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert frechet_distance(moments(first), moments(second)) == pytest.approx(expected, rel=1e-8)


def test_no_distance_from_itself_and_a_shift_counts_its_square() -> None:
    some = features(200, 0)
    assert frechet_distance(moments(some), moments(some)) < 1e-6
    assert frechet_distance(moments(some), moments(some + 2)) == pytest.approx(5 * 4)
    some = some - some.mean(0)
    narrow = moments(some * 0.5)
    expected = moments(some).covariance.trace().item() * 0.25  # (1 - 0.5)² of every variance
    assert frechet_distance(moments(some), narrow) == pytest.approx(expected, rel=1e-6)


def test_finite_sets_have_a_floor_that_falls_with_their_size() -> None:
    few, many = (
        np.mean([frechet_distance(moments(features(n, 2 * k)), moments(features(n, 2 * k + 1))) for k in range(20)])
        for n in (20, 500)
    )
    assert few > 5 * many > 0


def test_fewer_images_than_features_are_taken(classifier: Classifier, images: Images) -> None:
    seen = look_at(classifier, images.pixels[:6])
    assert np.isfinite(frechet_distance(moments(seen.features), moments(seen.features + 1)))


def test_features_are_what_the_last_dense_layer_reads(classifier: Classifier, images: Images) -> None:
    seen = look_at(classifier, images.pixels)
    readout = classifier.network.readout
    again = torch.nn.functional.linear(seen.features.float(), readout.weight, readout.bias)
    torch.testing.assert_close(again, seen.logits, rtol=1e-4, atol=1e-4)
    assert torch.equal(seen.logits, predict(classifier, images.pixels))
    assert len(seen.features) == len(images) and not readout._forward_pre_hooks


def test_more_noise_is_further_away(classifier: Classifier, images: Images) -> None:
    random = np.random.default_rng(0)
    real = moments(look_at(classifier, images.pixels).features)
    distances = []
    for deviation in (0, 20, 60):
        noisy = images.pixels + random.normal(0, 1, images.pixels.shape) * deviation
        distances.append(
            frechet_distance(real, moments(look_at(classifier, noisy.clip(0, 255).astype(np.uint8)).features))
        )
    assert distances[0] < 1e-6 < distances[1] < distances[2]
