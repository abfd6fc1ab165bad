"""Displacement and diversity by hand, and which way they pull."""

import math

import pytest
import torch

from invariscope.transformer.losses import EPSILON, growth_loss, move_colours, move_positions
from invariscope.warp import Warp


def shift(*far: float) -> Warp:
    """Maps that move every position to the right."""
    matrix = torch.eye(2, 3).repeat(len(far), 1, 1)
    matrix[:, 0, 2] = torch.tensor(far)
    return Warp(matrix)


def test_the_displacement_loss_by_hand() -> None:
    """The middle of the picture and its right edge, moved by 0.5: |v| is 1 and √2."""
    random = torch.tensor([[0.5, 0.5], [1.0, 0.5]])  # of [0, 1]: positions (0, 0) and (1, 0)
    moved, points = move_positions(shift(0.5), random)
    assert points.tolist() == [[0, 0], [1, 0]]
    displacement = 0.5 * (1 + 1 / math.sqrt(2)) / 2
    loss = growth_loss(moved, points, torch.tensor([[0.3, 0.4]]), diversity_weight=1.0)  # one alone: no diversity
    assert loss.item() == pytest.approx(-math.log((displacement + EPSILON) / (0.5 + EPSILON)), rel=1e-5)


def test_further_is_better_and_against_the_control() -> None:
    random, control = torch.rand(8, 2), torch.tensor([[0.5]])
    losses = [growth_loss(*move_positions(shift(far), random), control, 0.0).item() for far in (0.0, 0.1, 0.4)]
    assert losses[0] > losses[1] > losses[2]
    longer = growth_loss(*move_positions(shift(0.1), random), 2 * control, 0.0).item()
    assert longer > losses[1]  # as far for a longer control is less


def test_diversity_wants_opposite_controls_to_move_opposite_ways() -> None:
    random, controls = torch.rand(8, 2), torch.tensor([[0.5], [-0.5]])
    same = growth_loss(*move_positions(shift(0.3, 0.3), random), controls, 1.0)
    apart = growth_loss(*move_positions(shift(0.3, -0.3), random), controls, 1.0)
    assert apart < same - 3
    alike = [growth_loss(*move_positions(shift(0.3, end), random), controls, 0.0).item() for end in (0.3, -0.3)]
    assert alike[0] == pytest.approx(alike[1], rel=1e-4)  # without it they are worth the same


def test_colours_beyond_black_and_white_count_no_further() -> None:
    random = torch.rand(16, 3)
    gains = [gain * torch.eye(3, 4)[None] for gain in (1.0, 1e3, 1e6)]
    still, far, farther = (growth_loss(*move_colours(matrix, random), torch.ones(1, 2), 0.0).item() for matrix in gains)
    assert still > far + 3 and farther == pytest.approx(far, abs=1e-2)


def test_a_colour_by_hand() -> None:
    moved, points = move_colours(torch.tensor([[[1.0, 0.25]]]), torch.tensor([[0.5], [0.9]]))
    assert moved.flatten().tolist() == pytest.approx([0.75, 1.0]) and points.flatten().tolist() == pytest.approx(
        [0.5, 0.9]
    )


def test_standing_still_has_a_finite_gradient() -> None:
    matrix = torch.eye(2, 3).repeat(2, 1, 1).requires_grad_(True)
    growth_loss(*move_positions(Warp(matrix), torch.rand(8, 2)), torch.rand(2, 2), 1.0).backward()
    assert torch.isfinite(matrix.grad).all()
