"""What the diagnosis says of ascents whose fate is known."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from invariscope.features.ascent import LatentAscent, ascend, paper_ascent
from invariscope.features.diagnosis import (
    ENDS,
    OURS,
    PAPER,
    RANDOM,
    Diagnosis,
    diagnose,
    gradient_rows,
    summarise,
    variant_rows,
    variants,
)
from invariscope.features.gradients import LATENT
from invariscope.features.latent_tables import Scale
from tests.features.toy_latents import Bowls, Plain, Ramp, classes

ASCENT = LatentAscent(candidates=200, starts=2, rounds=1, steps=60)
SCALE = Scale(torch.tensor([-1.0]), torch.tensor([-0.001]))


class TwoHills(nn.Module):
    """A low hill at (0.2, 0.2), which most starts find, and a high but narrow one at (0.9, 0.9)."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        low, high = ((x.flatten(1) - place).square().sum(1) for place in (0.2, 0.9))
        return ((-low).exp() + 3 * (-200 * high).exp())[:, None]


def test_each_variant_differs_from_the_papers_in_what_it_says() -> None:
    found = variants(Diagnosis(steps=30), ASCENT)
    paper = found[PAPER]
    assert paper == paper_ascent(30) and paper.normalised and not paper.candidates and paper.starts == 1
    assert found[OURS] == ASCENT
    assert found["several starts"] == replace(paper, starts=4)
    assert found["best of many samples"] == replace(paper, candidates=200, candidates_from="samples")
    assert not found["Adam"].normalised and found["leaky gradients"].slope > 0


def test_a_climb_to_the_top_is_told() -> None:
    decoder, probe = Plain(), classes(Bowls([[0.4, 0.6]]), 1)
    (row,) = variant_rows(decoder, probe, SCALE, OURS, ascend(decoder, probe, ASCENT, 0))
    assert row["reached"] and row["share"] == pytest.approx(1.001, abs=1e-3) and row["evaluations"] == 320
    assert row["end_gradient"] < 0.01 < row["start_gradient"] and row["walls"] == 0
    assert row["late_gain"] < 0.01 and row["objective"] == "class:0"


def test_a_start_without_a_gradient_is_told() -> None:
    decoder, probe = Plain((0.0, 0.0), (0.5, 1.0)), classes(Ramp(), 1)  # the box ends before the ramp begins
    (row,) = variant_rows(decoder, probe, SCALE, PAPER, ascend(decoder, probe, paper_ascent(20), 0))
    assert row["start_gradient"] == row["end_gradient"] == row["moved"] == 0


def test_a_wall_is_told_and_counts_as_an_end() -> None:
    decoder, probe = Plain(), classes(Bowls([[2.0, 0.5]]), 1)
    (row,) = variant_rows(decoder, probe, SCALE, OURS, ascend(decoder, probe, ASCENT, 0))
    assert row["walls"] == 0.5 and row["end_gradient"] < 0.01


def test_a_walk_that_is_too_short_still_gains() -> None:
    decoder, probe = Plain((0.0, 0.0), (9.0, 9.0)), classes(Bowls([[9.0, 9.0]]), 1)
    scale = Scale(torch.tensor([-60.0]), torch.tensor([0.0]))
    (row,) = variant_rows(decoder, probe, scale, PAPER, ascend(decoder, probe, paper_ascent(8), 0))
    assert not row["reached"] and row["late_gain"] > 0.02 and row["end_gradient"] > 1
    assert row["moved"] == pytest.approx(7 * 0.02, rel=0.01)


def test_a_lower_hill_is_told_by_rest_under_the_best_sample() -> None:
    decoder, probe = Plain(), classes(TwoHills(), 1)
    rows, _ = diagnose(decoder, probe, Scale(torch.tensor([0.7]), torch.tensor([3.37])), Diagnosis(steps=60), ASCENT, 0)
    found = {row["variant"]: row for row in rows}
    shortened = found["steps that shorten"]
    assert not shortened["reached"] and shortened["end_gradient"] < 0.05 and shortened["walls"] == 0
    assert found["best of many samples"]["value"] > 3.2
    assert found[OURS]["value"] > 3.37 and found[OURS]["reached"]


def test_exact_zeros_are_told_by_layer_and_by_code() -> None:
    decoder, probe = Plain(), classes(Ramp(), 1)
    points = torch.tensor([[0.1, 0.0], [0.9, 0.0], [0.2, 1.0], [0.3, 0.5]])  # the ramp begins at 0.6
    rows = gradient_rows(decoder, probe, RANDOM, points, torch.zeros(4, dtype=torch.long))
    latent = rows[0]
    assert latent["network"] == LATENT and latent["vanished"] == 0.75 and latent["n_codes"] == 4
    assert latent["zeros"] == 0.875  # the second coordinate never matters
    assert [row["depth"] for row in rows] == list(range(len(rows)))


def test_the_summary_counts_classes_and_zero_gradients() -> None:
    decoder, probe = Plain(), classes(Bowls([[0.4, 0.6], [0.5, 0.1]]), 2)
    scale = Scale(torch.tensor([-1.0, -1.0]), torch.tensor([-0.001, 1.0]))  # the second cannot be reached
    rows, layers = diagnose(decoder, probe, scale, Diagnosis(steps=10, codes=12), ASCENT, 0)
    assert {row["place"] for row in layers} == {RANDOM, ENDS}
    found = summarise(rows, layers)
    assert found["vanished_at_random_codes"] == 0
    assert found["variants"][OURS] == {
        "evaluations": 320,
        "reached": 0.5,
        "median_share": pytest.approx(0.75, abs=0.01),
    }
