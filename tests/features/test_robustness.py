"""Robustness: draws an image and a step, a quarter turn is one, nothing is nothing."""

import pytest
import torch
from torch import Tensor

from invariscope.features.robustness import Robustness, draws, lucid, move, paper


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def moved(images: Tensor, robustness: Robustness, seed: int = 0) -> Tensor:
    size = images.shape[2], images.shape[3]
    seeds = range(seed, seed + len(images))
    return move(images, draws(robustness, generators(*seeds), 1, size)[0], robustness)


def test_nothing_is_nothing_bit_for_bit() -> None:
    images = torch.rand(3, 3, 9, 7)
    still = Robustness(jitter=(0, 0), rotation=(0.0, 0.0), scale=(1.0, 1.0))
    assert moved(images, still) is images
    assert Robustness() == still and not still.moves


@pytest.mark.parametrize(("degrees", "quarters"), [(90.0, 1), (180.0, 2), (-90.0, 3), (360.0, 0)])
def test_a_quarter_turn_is_counter_clockwise(degrees: float, quarters: int) -> None:
    images = torch.rand(2, 3, 8, 8)
    turned = moved(images, Robustness(rotation=(degrees, degrees)))
    torch.testing.assert_close(turned, torch.rot90(images, quarters, (2, 3)), atol=1e-5, rtol=0)


def test_half_a_turn_of_an_oblong_is_one() -> None:
    images = torch.rand(2, 1, 6, 10)
    turned = moved(images, Robustness(rotation=(180.0, 180.0)))
    torch.testing.assert_close(turned, images.flip(2, 3), atol=1e-5, rtol=0)


def test_a_turn_of_an_oblong_keeps_distances() -> None:
    images = torch.zeros(1, 1, 21, 41)
    images[0, 0, 10, 20 + 6] = 1  # 6 px right of the middle
    turned = moved(images, Robustness(rotation=(90.0, 90.0)))[0, 0]
    assert divmod(int(turned.argmax()), 41) == (10 - 6, 20)  # 6 px above it


def test_jitter_is_whole_pixels_right_and_down() -> None:
    images = torch.rand(1, 2, 8, 10)
    shifted = moved(images, Robustness(jitter=(3, 3)))
    torch.testing.assert_close(shifted[:, :, 3:, 3:], images[:, :, :-3, :-3], atol=1e-5, rtol=0)
    assert shifted[:, :, :3].abs().max() < 1e-5 and shifted[:, :, :, :3].abs().max() < 1e-5


def test_jitter_takes_every_number_of_its_range_equally_often() -> None:
    matrices = draws(Robustness(jitter=(0, 4)), generators(*range(50)), 100, (48, 48))
    shifts = (-matrices[..., 2] * 48 / 2).round().long()  # (steps, N, 2) px
    torch.testing.assert_close(-matrices[..., 2] * 48 / 2, shifts.float(), atol=1e-4, rtol=0)
    share = torch.bincount(shifts.flatten(), minlength=5) / shifts.numel()
    assert share.tolist() == pytest.approx([0.2] * 5, abs=0.02)
    assert shifts[..., 0].ne(shifts[..., 1]).float().mean().item() == pytest.approx(0.8, abs=0.03)  # axes by themselves


def test_scale_makes_larger() -> None:
    images = torch.zeros(1, 1, 12, 12)
    images[:, :, 4:8, 4:8] = 1
    larger = moved(images, Robustness(scale=(2.0, 2.0)))
    assert larger.sum().item() == pytest.approx(4 * images.sum().item(), rel=0.1)


def test_every_image_and_step_has_a_draw_of_its_own() -> None:
    robustness = paper(48)
    matrices = draws(robustness, generators(1, 2, 3), 20, (48, 48))
    assert len(matrices.flatten(0, 1).flatten(1).unique(dim=0)) == 60
    alone = draws(robustness, generators(2), 20, (48, 48))
    assert torch.equal(matrices[:, 1:2], alone)


def test_gradients_pass_and_the_image_stays() -> None:
    images = torch.rand(2, 1, 8, 8, requires_grad=True)
    before = images.detach().clone()
    turned = moved(images, Robustness(rotation=(90.0, 90.0)))
    (gradient,) = torch.autograd.grad(turned[:, :, 0, 0].sum(), images)
    assert torch.equal(images.detach(), before)
    assert divmod(int(gradient[0, 0].argmax()), 8) == (0, 7)  # what came to the corner


def test_stacks_scale_with_the_image() -> None:
    assert paper(48).jitter == (0, 20) and paper(28).jitter == (0, 12) and paper(48).rotation == (0, 360)
    assert lucid(224).jitter == (-12, 12) and lucid(48).jitter == (-3, 3)
