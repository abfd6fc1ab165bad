"""Spread of generated filters, their points and their pictures."""

import numpy as np
import pytest
import torch

from invariscope.data.table import column_images
from invariscope.filter_gan.filters import REAL, draw_filters, picture_table, pictures, scaling_table, spreads
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.spread import activation_spread, channel_variance, spread_ratio, weight_spread


def generator(spread: float = 0.5) -> Generator:
    torch.manual_seed(0)
    return Generator(3, 16, (5, 7, 3, 3), 0.1, spread).requires_grad_(False)


def deaf(network: Generator) -> Generator:
    """Ignores its code."""
    network.layers[0].weight.data.zero_()
    return network


def test_a_generator_that_ignores_its_code_has_no_spread() -> None:
    real = torch.randn(5, 7, 3, 3)
    torch.manual_seed(1)
    network = deaf(generator())
    network.layers[4].bias.data.normal_()
    found = spreads(real, network, seed=0)
    assert found["weight_spread"] == pytest.approx(0, abs=1e-7)
    assert found["spread_ratio"] == pytest.approx(0, abs=1e-6)
    assert spreads(real, generator(), seed=0)["weight_spread"] > 1e-3


def test_weight_spread_is_in_standard_deviations_of_the_real_weights() -> None:
    real = 3 * torch.randn(20, 20, 3, 3)
    banks = torch.randn(20, 20, 3, 3) + 1.5 * torch.randn(300, 20, 20, 3, 3)
    assert weight_spread(banks, real) == pytest.approx(0.5, rel=0.05)


def test_spread_ratio_of_known_clusters() -> None:
    filters = torch.randn(2000, 200, generator=torch.Generator().manual_seed(0))[:, :, None]
    centres = 4 * torch.randn(200, 1, generator=torch.Generator().manual_seed(1))
    assert spread_ratio(centres + filters) == pytest.approx(0.25, rel=0.15)
    assert spread_ratio(7 * (centres + filters)) == pytest.approx(spread_ratio(centres + filters))


def test_activation_spread_is_in_standard_deviations_over_images() -> None:
    random = torch.Generator().manual_seed(0)
    channels = torch.tensor([1.0, 3.0])[:, None, None]
    real = channels * torch.randn(500, 2, 6, 6, generator=random) + 10 * channels
    variance = channel_variance(real)
    assert float(variance) == pytest.approx(5, rel=0.05)  # of 1 and 9
    over_codes = real[:100] + 0.5 * 5**0.5 * torch.randn(40, 100, 2, 6, 6, generator=random)
    assert float(activation_spread(over_codes, variance)) == pytest.approx(0.5, rel=0.05)
    assert float(activation_spread(real[:1].expand(4, 9, 2, 6, 6), variance)) == pytest.approx(0, abs=1e-5)


def test_a_spread_of_nothing_has_a_gradient() -> None:
    same = torch.ones(2, 3, 4, 5, 5, requires_grad=True)
    activation_spread(same, torch.tensor(1.0)).backward()
    assert torch.isfinite(same.grad).all()


def test_every_real_filter_comes_with_its_samples() -> None:
    real = torch.randn(5, 7, 3, 3)
    filters = draw_filters(real, generator(), samples=4, seed=3)
    assert len(filters.weights) == 5 * (1 + 4)
    first = filters.kind == "real"
    assert (filters.sample[first] == REAL).all() and (filters.sample[~first] >= 0).all()
    torch.testing.assert_close(filters.weights[torch.from_numpy(first)], real)
    one_bank = torch.from_numpy(filters.sample == 2)
    z = filters.weights[one_bank]
    assert (filters.filter[one_bank.numpy()] == np.arange(5)).all()
    assert any(torch.equal(z, draw_filters(real, generator(), 4, 3).weights[start : start + 5]) for start in (15,))
    points, stress = scaling_table(filters)
    assert len(points["x"]) == 25 and 0 < stress < 1


def test_pictures_sum_channels_in_thirds_about_mid_grey() -> None:
    weights = np.zeros((2, 7, 3, 3))  # thirds of 3, 2 and 2 channels
    weights[0, 0, 0, 0] = 2
    weights[0, 2, 0, 0] = 2
    weights[0, 3, 1, 1] = -4
    weights[1, 6, 2, 2] = 4
    found = pictures(weights)
    assert found.dtype == np.uint8 and found.shape == (2, 3, 3, 3)
    assert found[0, 0, 0].tolist() == [255, 128, 128]
    assert found[0, 1, 1].tolist() == [128, 0, 128]
    assert found[1, 2, 2].tolist() == [128, 128, 255]
    assert (found == 128).sum() == found.size - 3


def test_a_single_input_channel_is_grey() -> None:
    found = pictures(np.random.default_rng(0).normal(size=(4, 1, 5, 5)))
    assert (found[..., 0] == found[..., 1]).all() and (found[..., 1] == found[..., 2]).all() and found.std() > 10


def test_the_shown_filters_are_spread_over_the_channels() -> None:
    filters = draw_filters(torch.randn(5, 7, 3, 3), generator(), samples=2, seed=0)
    table = picture_table(filters, 3)
    assert sorted(set(table["filter"])) == [0, 2, 4]
    assert column_images_of(table).shape == (9, 3, 3, 3)
    assert sorted(set(picture_table(filters, 50)["filter"])) == [0, 1, 2, 3, 4]


def column_images_of(table: dict) -> np.ndarray:
    import pyarrow as pa

    return column_images(pa.chunked_array([table["image"]]))
