"""Goodfellow scores of units whose firing is known."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invariscope.classifiers.five_conv import build
from invariscope.errors import UserError
from invariscope.invariance.goodfellow import Firing, UnitScores, family_trajectory, thresholds, unit_scores
from invariscope.screening.config import Rendering
from tests.invariance.networks import Constant, Plain, QuarterTurns, drawn, pictures

COUNT = 200
CPU = torch.device("cpu")
EXACT = Rendering("zeros", "nearest")


def quarter_turns(images: Tensor, _: object) -> list[Tensor]:
    return [images.rot90(turns, (2, 3)) for turns in (1, 2, 3)]


def far_off(images: Tensor, ids: object) -> list[Tensor]:
    """Images that have nothing to do with the given ones."""
    return [pictures(len(images), seed=1000 + step) for step in range(50)]


class FirstPixels(nn.Module):
    """Three units: a pixel, the pixel negated, its distance from the middle of its range."""

    def forward(self, x: Tensor) -> Tensor:
        pixel = x[:, 0, 0, 0]
        return torch.stack([pixel, -pixel, (pixel - 0.5).abs()], dim=1)


def scores(model: nn.Module, trajectory: object, layer: str = "class", **options: object) -> UnitScores:
    return unit_scores(model, pictures(COUNT), (layer,), trajectory, **options)[layer]


def test_exactly_the_rate_fires() -> None:
    values = torch.randn(1000, 4, generator=torch.Generator().manual_seed(0)).double()
    for rate, firing in ((0.01, 10), (0.1, 100), (0.0001, 1)):  # at least one
        assert ((values > thresholds(values, rate)).sum(dim=0) == firing).all()


@pytest.mark.parametrize(
    ("values", "firing"),
    [
        ([0] * 97 + [1, 2, 3], 2),  # as rare as wanted
        ([0] * 98 + [2, 2], 2),  # a tie at the top
        ([0] * 50 + [1] * 50, 50),  # two values
        ([0] * 99 + [1], 1),  # rarer than wanted: zeros behind a ReLU
        ([0] * 90 + [1] * 9 + [2], 1),  # the tie would be too many
    ],
)
def test_ties(values: list[int], firing: int) -> None:
    column = torch.tensor(values).double()[:, None]
    assert (column > thresholds(column, 0.02)).sum() == firing


def test_a_constant_network_scores_as_chance() -> None:
    for layer in ("conv", "dense"):
        found = scores(drawn(Constant), quarter_turns, layer)
        assert (found.score == 1).all() and (found.global_rate == 1).all() and (found.threshold == -np.inf).all()
        assert found.layer_score() == 1


def test_a_dead_unit_is_no_more_invariant_than_chance_among_live_ones() -> None:
    model = drawn(Plain)
    with torch.no_grad():
        model.conv2.bias[:4] = -100
    found = scores(model, quarter_turns, "conv2")
    assert (found.score[:4] == 1).all() and (found.global_rate[4:] == 0.01).all()


def test_quarter_turns_of_a_network_that_averages_over_them_score_highest() -> None:
    turned = family_trajectory("rotation", (0, 90, 180, 270), (1, 8, 8), EXACT, CPU)
    for trajectory in (quarter_turns, turned):
        blind = scores(QuarterTurns(drawn(Plain)), trajectory)
        assert (blind.local_rate == 1).all() and np.allclose(blind.score, 100)
        seeing = scores(drawn(Plain), trajectory)
        assert seeing.score.max() < 60


def test_firing_at_random_scores_about_one() -> None:
    images = pictures(2000)
    found = unit_scores(FirstPixels(), images, ("class",), far_off)["class"]
    assert (found.score > 0.5).all() and (found.score < 1.8).all()  # 1000 tries at 1 %, the better of two signs
    assert found.layer_score(1) == pytest.approx(1, abs=0.4)


def test_firing_rarer_than_wanted_earns_no_more() -> None:
    """Units that fire on 10, on 2 and on 1 of 1000 images, and stay: the highest score is 1 / 1 % for all."""
    images = torch.zeros(1000, 3, 1, 1).double()
    for channel, count in enumerate((10, 2, 1)):
        images[:count, channel] = torch.rand(count, 1, 1, generator=torch.Generator().manual_seed(0)).double() + 1
    found = unit_scores(nn.Flatten(), images, ("class",), lambda x, _: [x])["class"]
    np.testing.assert_allclose(found.global_rate, (0.01, 0.002, 0.001))
    np.testing.assert_allclose(found.score, 100)


def test_scores_by_hand() -> None:
    """Ten images of one pixel; a trajectory that keeps the two brightest and swaps the darkest out."""
    images = torch.linspace(0.05, 0.95, 10).double()[:, None, None, None]
    found = unit_scores(
        FirstPixels(), images, ("class",), lambda x, _: [x, torch.where(x < 0.5, 1 - x, x)], Firing(rate=0.2)
    )["class"]
    assert found.sign[:2].tolist() == [1, -1]  # bright ones stay, dark ones do not
    assert found.threshold[0] == pytest.approx(0.8) and found.threshold[1] == pytest.approx(0.8)
    assert found.local_rate[:2].tolist() == [1, 1] and found.score[:2].tolist() == [5, 5]


def test_a_unit_may_respond_by_low_values() -> None:
    """Only the darkest pictures stay what they are; unit 0 must be taken by its low values, unit 1 as it is."""

    def lit(images: Tensor, _: object) -> list[Tensor]:
        bright = images[:, :, :1, :1] > 0.5
        return [torch.where(bright, torch.full_like(images, 0.5), images)]

    found = scores(FirstPixels(), lit)
    assert found.sign[:2].tolist() == [-1, 1] and np.allclose(found.score[:2], 100)


def test_ids_go_with_the_images() -> None:
    seen: list[int] = []

    def trajectory(images: Tensor, ids: list[int]) -> list[Tensor]:
        seen.extend(ids)
        assert torch.equal(images, pictures(COUNT)[[place - 7 for place in ids]])
        return [images]

    found = scores(FirstPixels(), trajectory, ids=range(7, 7 + COUNT))
    assert seen == sorted(set(seen)) and 0 < len(seen) <= 6 * 2  # two fire for a unit and sign
    assert np.allclose(found.score, 100)


def test_the_identity_is_left_out_of_a_trajectory() -> None:
    images = pictures(2).float()
    moved = list(family_trajectory("zoom", (0.8, 1, 1.2), (1, 8, 8), Rendering(), CPU)(images, (0, 1)))
    assert len(moved) == 2 and not any(torch.equal(each, images) for each in moved)


def test_noise_is_the_images_own_in_any_batch() -> None:
    noisy = family_trajectory("gaussian_noise", (0, 0.05, 0.1), (1, 8, 8), Rendering(), CPU, seed=3)
    one, many = (scores(drawn(Plain), noisy, "conv2", batch_size=size) for size in (1, 64))
    np.testing.assert_array_equal(one.score, many.score)
    np.testing.assert_array_equal(one.sign, many.sign)
    np.testing.assert_allclose(one.threshold, many.threshold)


def test_the_further_the_lower() -> None:
    near, far = (family_trajectory("rotation", (-by, 0, by), (1, 8, 8), Rendering(), CPU) for by in (2, 40))
    assert scores(drawn(Plain), near).layer_score() > 1.5 * scores(drawn(Plain), far).layer_score()


def test_layer_score_is_the_mean_of_the_best() -> None:
    found = scores(drawn(Plain), quarter_turns, "conv2")
    ordered = np.sort(found.score)[::-1]
    assert len(ordered) == 6
    assert found.layer_score() == pytest.approx(ordered[:2].mean())  # 1.2 units, rounded up
    assert found.layer_score(0.5) == pytest.approx(ordered[:3].mean()) and found.layer_score(0.01) == ordered[0]


def test_places_of_a_map_are_units() -> None:
    """A place of the first map is a pixel seen through one filter: drawn, named, and as it is in the map."""
    firing, model = Firing(places=9), drawn(Plain)
    first, second, other = (
        scores(model, quarter_turns, "relu1", firing=firing, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert len(set(first.unit)) == 9 and (np.diff(first.unit) > 0).all() and first.unit.max() < 4 * 64
    assert first.score.tobytes() == second.score.tobytes() and not np.array_equal(first.unit, other.unit)
    maps = model.relu1(model.norm1(model.conv1(pictures(COUNT)))).flatten(1)[:, first.unit].detach().numpy()
    np.testing.assert_allclose((first.sign * maps > first.threshold).mean(axis=0), first.global_rate)


def test_places_see_a_translation_that_means_forget() -> None:
    def shifted(images: Tensor, _: object) -> list[Tensor]:
        return [images.roll(shift, 3) for shift in (1, 2, 3, 4)]

    model = drawn(lambda: nn.Sequential(nn.Conv2d(1, 6, 3, padding=1, padding_mode="circular"), nn.ReLU()))
    means = scores(nn.Sequential(model, nn.Flatten()), shifted, "0.1")
    places = scores(
        nn.Sequential(model, nn.Flatten()),
        shifted,
        "0.1",
        firing=Firing(places=30),
        generator=torch.Generator().manual_seed(0),
    )
    live = means.global_rate < 1
    assert live.any() and np.allclose(means.score[live], 100) and places.layer_score() < 50


def test_a_layer_is_read_after_its_own_activation() -> None:
    config = {"architecture": "five_conv", "widths": [3, 3, 3, 3, 3], "pool_after": [1]}
    model = drawn(lambda: build(config, 1, 8, 4))
    after, named = (scores(model, quarter_turns, layer) for layer in ("conv2", "relu2"))
    before = scores(model, quarter_turns, "conv2", firing=Firing(activated=False))
    np.testing.assert_array_equal(after.threshold, named.threshold)
    assert not np.allclose(after.threshold, before.threshold)


def test_nothing_is_left_behind() -> None:
    model = drawn(Plain).float().train()
    scores(model, quarter_turns, "conv2")
    assert model.training and not any(module._forward_hooks for module in model.modules())


def test_mistakes_are_told() -> None:
    with pytest.raises(UserError, match="identity"):
        family_trajectory("zoom", (1,), (1, 8, 8), Rendering(), CPU)
    with pytest.raises(UserError, match="turning"):
        family_trajectory("turning", (1,), (1, 8, 8), Rendering(), CPU)
    with pytest.raises(UserError, match="at least two"):
        unit_scores(FirstPixels(), pictures(1), ("class",), quarter_turns)
    with pytest.raises(ValueError, match="generator"):
        scores(drawn(Plain), quarter_turns, "conv2", firing=Firing(places=3))
