"""Differences are those put in, nothing differs from itself, and pairing takes out what both share."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from invariscope.errors import UserError
from invariscope.screening.comparison import comparison_rows
from invariscope.screening.config import Rendering, Sensitivity, Thresholds, groups_of
from invariscope.screening.responses import Responses, open_screenings, write_responses
from invariscope.screening.sensitivity import screen_renderings, sensitivity_rows
from tests.screening.test_screen import pictures
from tests.screening.test_thresholds import answers

GRID = {"rotation": [float(angle) for angle in range(0, 101, 10)], "zoom": [1.0, 2.0, 3.0]}
CONFIG = Thresholds(level=0.5, criteria=("accuracy",), resamples=300)
ORIGIN = {"study": "toy", "seed": 0}


def breaking(at: np.ndarray) -> Responses:
    """Images of one class, each right under rotations smaller than its own angle, and under any zoom."""
    return answers(
        lambda step, place: np.full(place.shape, 0.75),
        [0] * len(at),
        GRID,
        lambda step, place: (step < at) | (step < 4),
    )


def compared(one: Responses, other: Responses, family: str = "rotation") -> dict[str, Any]:
    rows = comparison_rows({"one": one, "other": other}, groups_of(one.sizes, {}), CONFIG, 0, ORIGIN)
    return next(row for row in rows if row["family"] == family and row["class_name"] == "all")


def test_nothing_differs_from_itself() -> None:
    same = breaking(np.random.default_rng(0).uniform(20, 90, 50))
    row = compared(same, same)
    assert row["difference"] == row["difference_low"] == row["difference_high"] == row["mean_difference"] == 0
    assert row["threshold"] == row["other_threshold"] and (row["classifier"], row["other"]) == ("one", "other")


def test_difference_is_how_much_further_one_holds_out() -> None:
    """Every image of the first breaks 20 degrees later; the interval of the difference has no room for the spread."""
    angles = np.random.default_rng(0).uniform(15, 65, 200)
    row = compared(breaking(angles + 20), breaking(angles))
    assert row["difference"] == pytest.approx(20, abs=1e-9)
    assert row["difference_high"] - row["difference_low"] < 1e-9
    assert row["mean_difference"] == pytest.approx(0.2, abs=0.01)  # of 10 magnitudes, two more
    assert compared(breaking(angles), breaking(angles + 20))["difference"] == pytest.approx(-20)


def test_beyond_the_grid_a_difference_is_a_bound_or_unknown() -> None:
    angles = np.full(40, 45.0)
    row = compared(breaking(angles + 500), breaking(angles))
    assert row["censored"] and not row["other_censored"] and row["difference"] == 100 - row["other_threshold"]
    both = compared(breaking(angles), breaking(angles), "zoom")
    assert both["censored"] and both["other_censored"] and both["difference"] is None
    assert both["mean_difference"] == 0


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (breaking(np.full(41, 45.0)), "other images"),
        (answers(lambda step, place: np.full(place.shape, 0.75), [0] * 40, {"zoom": [1.0, 2.0]}), "other magnitudes"),
    ],
    ids=["images", "magnitudes"],
)
def test_other_screenings_are_refused(other: Responses, message: str) -> None:
    with pytest.raises(UserError, match=f"one and other .*{message}"):
        compared(breaking(np.full(40, 45.0)), other)


class Edge(nn.Module):
    """Two classes: is anything at the image's rim bright?"""

    def forward(self, x: Tensor) -> Tensor:
        rim = torch.cat([x[..., 0, :], x[..., -1, :], x[..., 0], x[..., -1]], dim=-1).mean((1, 2)) - 0.25
        return 20 * torch.stack([-rim, rim], dim=1)


def test_what_fills_the_edge_is_found(tmp_path: Path) -> None:
    """The network looks at the rim alone: shrunk images are lost with black edges, and not with repeated ones."""
    images = pictures(60, classes=2)
    images.labels[:] = 1
    sweep = [("zoom", factor) for factor in (0.3, 0.6, 1.0)] + [("brightness", 0.0), ("brightness", 0.1)]
    renderings = Sensitivity(60, (), ("zeros", "border"), ("bilinear", "nearest")).renderings(Rendering())
    path = tmp_path / "renderings.parquet"
    write_responses(path, screen_renderings(Edge(), images, sweep, renderings, 0, torch.device("cpu")), ORIGIN)
    curves, rows = sensitivity_rows(open_screenings(path), {"all": frozenset("b")}, CONFIG, 0, ORIGIN)
    found = {(row["family"], row["fill"], row["interpolation"]): row for row in rows}
    assert list(found) == [
        ("zoom", "zeros", "bilinear"),
        ("brightness", "none", "none"),
        ("zoom", "border", "bilinear"),
        ("zoom", "zeros", "nearest"),
    ]
    usual, border = found["zoom", "zeros", "bilinear"], found["zoom", "border", "bilinear"]
    assert usual["difference"] == 0 and not usual["censored"] and border["censored"]
    assert border["difference"] == pytest.approx(0.7 - (1 - usual["threshold"])) and border["difference_low"] > 0
    assert {row["class_name"] for row in curves} == {"all"}


def test_renderings_change_one_thing_at_a_time() -> None:
    usual = Rendering("border", "bilinear", clamp=False)
    found = Sensitivity(10, ("zoom",), ("zeros", "border"), ("bilinear", "bicubic")).renderings(usual)
    assert found == [usual, Rendering("zeros", "bilinear", False), Rendering("border", "bicubic", False)]
