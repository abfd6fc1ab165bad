"""The latent ascent: it finds maxima that are known, counts what it looks at, and stays in the box."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from invariscope.features import ascent as climbing
from invariscope.features.ascent import LatentAscent, ascend, differentiate, schedule
from invariscope.features.latent_box import images
from tests.features.toy_latents import Bowls, Plain, Ramp, SmallDecoder, classes, small_probe

OURS = LatentAscent(candidates=20, starts=2, rounds=1, steps=80)
PAPERS = LatentAscent(
    candidates=0, starts=1, rounds=1, steps=80, learning_rate=0.02, decay=0.0, normalised=True, slope=0.0
)
CENTRES = [[0.3, 0.8], [0.5, 0.1], [-0.4, 0.5], [2.0, 3.0]]  # the last two outside the box of 0 to 1


@pytest.mark.parametrize(
    ("config", "near"), [(OURS, 0.003), (PAPERS, 0.02), (replace(PAPERS, learning_rate=0.05, decay=0.9), 0.002)]
)
def test_a_concave_objective_is_climbed_to_its_maximum_in_the_box(config: LatentAscent, near: float) -> None:
    decoder, probe = Plain(), classes(Bowls(CENTRES), 4)
    _, points = ascend(decoder, probe, config, 0).best()
    expected = torch.tensor(CENTRES).clamp(0, 1)
    assert (points[:, 0] - expected).norm(dim=1).max() <= near


def test_the_box_of_the_decoder_is_what_is_climbed_in() -> None:
    low, high = (-1.0, 4.0), (3.0, 4.5)
    decoder, probe = Plain(low, high), classes(Bowls([[1.0, 4.4], [9.0, 0.0]]), 2)
    _, points = ascend(decoder, probe, OURS, 0).best()
    torch.testing.assert_close(points[:, 0], torch.tensor([[0.5, 0.8], [1.0, 0.0]]), atol=0.003, rtol=0)


@pytest.mark.parametrize("config", [OURS, PAPERS])
def test_no_step_leaves_the_box(config: LatentAscent) -> None:
    points = ascend(SmallDecoder(), small_probe(), replace(config, learning_rate=0.5), 0).points
    assert points.min() >= 0 and points.max() <= 1
    assert ((points == 0) | (points == 1)).any()  # and some would have


class Counting(SmallDecoder):
    """Counts what it decodes."""

    decoded = 0

    def decode(self, z: Tensor) -> Tensor:
        self.decoded += len(z)
        return super().decode(z)


@pytest.mark.parametrize("candidates", [0, 1, 130])
@pytest.mark.parametrize("rounds", [1, 3])
def test_every_evaluation_is_counted(candidates: int, rounds: int) -> None:
    decoder, probe = Counting(), small_probe()
    config = LatentAscent(candidates, starts=min(9, candidates or 9), rounds=rounds, steps=14)
    climbed = ascend(decoder, probe, config, 0)
    steps = 14 if config.starts == 1 else 9 * 14 if rounds == 1 else 9 * 2 + 3 * 4 + 1 * 8
    assert climbed.evaluations == candidates + steps
    assert decoder.decoded == candidates + 6 * steps  # objectives share the candidates
    counts, best = climbed.curve()
    assert len(counts) == 14 and counts[-1] == climbed.evaluations and (best.diff(dim=0) >= 0).all()
    assert torch.equal(best[-1], climbed.best()[0][:, 0])


def test_rounds_double_and_a_third_goes_on() -> None:
    assert list(schedule(LatentAscent(starts=27, rounds=3, steps=70))) == [(27, 10), (9, 20), (3, 40)]
    assert list(schedule(LatentAscent(starts=8, rounds=3, steps=60))) == [(8, 8), (3, 17), (1, 35)]
    assert list(schedule(LatentAscent(starts=4, rounds=1, steps=60))) == [(4, 60)]
    assert list(schedule(LatentAscent(starts=5, rounds=3, steps=3))) == [(5, 1), (2, 1), (1, 1)]


def test_only_the_best_of_each_objective_go_on() -> None:
    config = LatentAscent(candidates=0, starts=9, rounds=2, steps=12)
    climbed = ascend(SmallDecoder(), small_probe(), config, 0)
    alone = ascend(SmallDecoder(), small_probe(), replace(config, rounds=1), 0)
    torch.testing.assert_close(climbed.values[:4], alone.values[:4], rtol=1e-4, atol=1e-5)  # of the first round
    going = climbed.values[4:] != climbing.GONE
    assert (going.sum(2) == 3).all() and torch.equal(going[0], going[-1])
    reached = climbed.values[:4].amax(0)
    assert (
        torch.where(going[0], reached, torch.inf).amin(1) >= torch.where(going[0], -torch.inf, reached).amax(1)
    ).all()
    still = ~going[0]
    assert torch.equal(climbed.points[4][still], climbed.points[-1][still])  # the others stay where they were


def test_climbers_start_from_the_best_candidates() -> None:
    decoder, probe = SmallDecoder(), small_probe()
    climbed = ascend(decoder, probe, LatentAscent(candidates=100, starts=3, rounds=1, steps=2), 0)
    pool = climbing.uniform(decoder, 100, 0, "candidates")
    best = probe.all(images(decoder, pool)).sort(0, descending=True).values[:3]
    torch.testing.assert_close(climbed.values[0], best.t())
    values, _ = climbed.best()
    assert (values[:, 0] >= best[0] - 1e-6).all() and (values.diff(dim=1) <= 0).all()


def test_random_starts_begin_with_the_same_one_however_many_there_are() -> None:
    few, many = (ascend(SmallDecoder(), small_probe(), replace(PAPERS, starts=count), 0).points[0] for count in (1, 3))
    assert torch.equal(few[:, 0], many[:, 0]) and len(many.flatten(0, 1).unique(dim=0)) == 6 * 3


def test_the_best_seen_is_kept_and_not_the_last() -> None:
    """Steps far too long jump over the maximum."""
    decoder, probe = Plain(), classes(Bowls(CENTRES), 4)
    climbed = ascend(decoder, probe, replace(PAPERS, learning_rate=0.4), 0)
    values, points = climbed.best()
    assert (values[:, 0] > climbed.values[-1, :, 0]).any()
    torch.testing.assert_close(probe.all(images(decoder, points[:, 0])).diagonal(), values[:, 0])


def test_a_leaky_gradient_leaves_where_the_gradient_is_exactly_zero() -> None:
    decoder, probe = Plain(), classes(Ramp(), 1)
    start = torch.tensor([[[0.1, 0.5]]])
    assert differentiate(decoder, probe, start, torch.tensor([0]))[1].abs().max() == 0
    config = LatentAscent(candidates=0, starts=1, rounds=1, steps=80, learning_rate=0.05)
    stuck, _ = climbing.climb(decoder, probe, replace(config, slope=0.0), start, torch.tensor([0]))
    assert torch.equal(stuck[-1], start)
    path, values = climbing.climb(decoder, probe, replace(config, slope=0.1), start, torch.tensor([0]))
    assert path[-1, 0, 0, 0] == 1 and values[-1] == pytest.approx(0.4)


def test_a_normalised_step_has_the_length_of_the_learning_rate() -> None:
    points = ascend(Plain(), classes(Bowls([[0.5, 0.5]]), 1), replace(PAPERS, steps=3, learning_rate=0.01), 0).points
    steps = points.diff(dim=0).norm(dim=-1)
    torch.testing.assert_close(steps, torch.full_like(steps, 0.01))


def test_the_gradient_is_that_of_finite_differences() -> None:
    decoder, probe = SmallDecoder().double(), small_probe()
    probe.model.double()
    points, which = torch.rand(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)), torch.arange(6)
    _, gradient = differentiate(decoder, probe, points, which)
    step = 1e-6 * torch.eye(3, dtype=torch.float64)
    for axis in range(3):
        ends = [probe.of(images(decoder, points + sign * step[axis]), which) for sign in (1, -1)]
        torch.testing.assert_close((ends[0] - ends[1]) / 2e-6, gradient[:, axis], rtol=1e-4, atol=1e-7)


def test_equal_seeds_climb_alike_and_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    once, again = (ascend(SmallDecoder(), small_probe(), OURS, 0) for _ in range(2))
    assert torch.equal(once.points, again.points) and torch.equal(once.values, again.values)
    monkeypatch.setattr(climbing, "BATCH", 5)
    monkeypatch.setattr(climbing, "OBJECTIVES", 4)
    torch.testing.assert_close(ascend(SmallDecoder(), small_probe(), OURS, 0).values, once.values, rtol=1e-3, atol=1e-4)
    assert not torch.equal(ascend(SmallDecoder(), small_probe(), OURS, 1).points[0], once.points[0])


def test_it_starts_from_the_best_of_the_candidates_that_are_given() -> None:
    decoder, probe = SmallDecoder(), small_probe()
    given = torch.rand(40, len(decoder.low))
    climbed = ascend(decoder, probe, replace(OURS, candidates=30), 0, given)
    values = probe.all(decoder.decode(torch.lerp(decoder.low, decoder.high, given[:30])))  # (30, K)
    for number in range(values.shape[1]):
        best = given[:30][values[:, number].argsort(descending=True)[: OURS.starts]]
        torch.testing.assert_close(climbed.points[0, number], best)
    assert climbed.candidates == 30
