"""The latent search: what it finds is what brute force finds, whatever the blocks and the interruptions."""

from dataclasses import replace

import pytest
import torch

from invariscope.features import search as searching
from invariscope.features.latent_box import images, latents, uniform
from invariscope.features.search import BLOCK, Found, LatentSearch, counts, search
from tests.features.toy_latents import Plain, SmallDecoder, classes, small_probe

CONFIG = LatentSearch(samples=3 * BLOCK + 17, best=5)


def found(config: LatentSearch = CONFIG, seed: int = 0) -> Found:
    return search(SmallDecoder(), small_probe(), config, seed)


@pytest.fixture(scope="module")
def everything() -> tuple[torch.Tensor, torch.Tensor]:
    """Points and values of all samples, one at a time."""
    decoder, probe = SmallDecoder(), small_probe()
    points = torch.cat([uniform(decoder, BLOCK, 0, "block", block) for block in range(4)])[: CONFIG.samples]
    return points, torch.cat([probe.all(images(decoder, point[None])) for point in points])


def test_it_finds_what_brute_force_finds(everything: tuple[torch.Tensor, torch.Tensor]) -> None:
    points, values = everything
    result = found()
    best, order = values.sort(0, descending=True)
    torch.testing.assert_close(result.values, best[:5].t())
    assert torch.equal(result.numbers, order[:5].t() + 1)
    assert torch.equal(result.points, points[order[:5].t()])
    torch.testing.assert_close(result.mean, values.mean(0))


def test_latents_give_the_values_again_and_lie_in_the_box() -> None:
    result, decoder, probe = found(), SmallDecoder(), small_probe()
    assert torch.equal(result.latents, latents(decoder, result.points))
    for objective, (codes, values) in enumerate(zip(result.latents, result.values, strict=True)):
        assert ((codes >= decoder.low) & (codes <= decoder.high)).all()
        torch.testing.assert_close(probe.all(decoder.decode(codes))[:, objective], values)


def test_the_curve_is_the_best_of_the_first_samples(everything: tuple[torch.Tensor, torch.Tensor]) -> None:
    result = found()
    assert result.counts == (1, 2, 5, 10, 20, 50, 100, 200, CONFIG.samples)
    for count, best in zip(result.counts, result.curve, strict=True):
        torch.testing.assert_close(best, everything[1][:count].amax(0))


def test_counts_end_at_all_samples() -> None:
    assert list(counts(1)) == [1] and list(counts(5)) == [1, 2, 5] and list(counts(7)) == [1, 2, 5, 7]


@pytest.mark.parametrize("block", [7, 64])
def test_the_block_changes_nothing_but_which_samples_are_drawn(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """The samples of a search of one block, drawn again in blocks of another size, are ranked alike."""
    pool = uniform(SmallDecoder(), 200, 5)
    monkeypatch.setattr(searching, "uniform", lambda _, count, *names: pool[names[-1] * count :][:count])
    results = []
    for size in (50, block):
        monkeypatch.setattr(searching, "BLOCK", size)
        results.append(found(replace(CONFIG, samples=150)))
    torch.testing.assert_close(results[0].values, results[1].values)
    assert torch.equal(results[0].numbers, results[1].numbers) and torch.equal(results[0].points, results[1].points)


def test_more_samples_begin_with_the_same_ones() -> None:
    short, long = found(replace(CONFIG, samples=100)), found()
    assert torch.equal(short.curve[:7], long.curve[:7]) and short.counts[:7] == long.counts[:7]
    assert (long.values[:, 0] >= short.values[:, 0]).all()


def test_equal_values_keep_the_first_sample() -> None:
    decoder = Plain()
    monotone = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 1))
    torch.nn.init.zeros_(monotone[1].weight)
    result = search(decoder, classes(monotone, 1), LatentSearch(samples=2 * BLOCK, best=3), 0)
    assert result.numbers.tolist() == [[1, 2, 3]]


def test_fewer_samples_than_are_kept_are_all_kept() -> None:
    result = found(LatentSearch(samples=2, best=8))
    assert result.values.shape == (6, 2) and (result.values.diff(dim=1) <= 0).all()


def test_another_seed_draws_other_samples() -> None:
    assert not torch.equal(found(seed=0).points, found(seed=1).points)
