"""Shapes with known symmetries, and a classifier that knows them upright only: the screening finds the symmetries."""

import numpy as np
import pytest
import torch
from torch import Tensor

from invariscope.data.procedural_shapes import CLASS_NAMES, FACTORS, render
from invariscope.data.table import Images
from invariscope.screening.config import Rendering, Thresholds, conditions, groups_of
from invariscope.screening.screen import screen
from invariscope.screening.thresholds import threshold_rows

NAMES = ("red filled line", "red filled square", "red filled circle", "red filled triangle", "none of them")
RADII = (50.0, 58.0, 66.0)
ALIKE = 0.93  # correlation with a shape as it was learned, from which on it is recognised


def upright() -> Images:
    """Every shape in the middle of the image at every radius, upright."""
    labels = np.repeat(np.arange(4), len(RADII))
    factors = {name: np.zeros(len(labels)) for name in FACTORS} | {"radius": np.tile(RADII, 4)}
    pixels = render(np.array([CLASS_NAMES.index(NAMES[label]) for label in labels]), factors)
    return Images(np.arange(len(labels)), (pixels * 255).round().astype(np.uint8), labels, NAMES, {})


def template_matching(images: Images) -> "torch.nn.Module":
    """Logits: the best correlation with an image of each class, and that under which it is none of them."""
    templates = torch.nn.functional.normalize(images.tensors()[0].flatten(1), dim=1)  # (12, pixels)

    class Matching(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            alike = torch.nn.functional.normalize(x.flatten(1), dim=1) @ templates.T  # (N, 12)
            best = alike.unflatten(1, (4, len(RADII))).amax(2)
            return 50 * torch.cat([best, torch.full((len(x), 1), ALIKE)], dim=1)

    return Matching()


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_circles_are_never_lost_and_the_others_come_back_after_their_own_turn(interpolation: str) -> None:
    images = upright()
    grid = conditions({"rotation": [float(angle) for angle in range(-225, 226, 15)]})
    network, cpu = template_matching(images), torch.device("cpu")
    answers = screen(network, images, grid, Rendering(interpolation=interpolation), 0, cpu)
    rows = threshold_rows(answers, groups_of(answers.sizes, {}), Thresholds(0.5, ("accuracy",), 100), 0, {})
    found = {(row["class_name"], row["direction"]): row for row in rows}
    for sign, direction in ((-1, "negative"), (1, "positive")):
        assert found["red filled circle", direction]["censored"]
        for name, angle in (("square", 90), ("triangle", 120), ("line", 180)):
            row = found[f"red filled {name}", direction]
            assert 0 < sign * row["threshold"] < 45 and row["clean"] == 1
            assert row["rebound"] == sign * angle and row["rebound_low"] <= sign * angle <= row["rebound_high"]
            assert abs(row["rebound_high"] - row["rebound_low"]) <= 30  # a step of the grid to either side
