"""Shares of motion along a factor's tangent: of the factor's own motion, and of what is unrelated to it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.data.rendering import open_renderer
from invariscope.data.table import image_column
from invariscope.filter_gan.config import Traversal
from invariscope.ground_truth import extraction
from invariscope.ground_truth.config import ALL, Extraction, HeldFactor
from invariscope.ground_truth.extraction import FILTER_GAN, RANDOM_FILTERS, TRANSFORMER, Start
from invariscope.ground_truth.twins import draw_twin
from invariscope.transformer.config import TransformerTraining
from tests.ground_truth.small import DATA, FACTORS, TWINS, asked_images

TRAINING: dict[str, Any] = {
    "latent_dimension": 4,
    "iterations": 5,
    "batch_size": 8,
    "generator_width": 16,
    "discriminator_width": 4,
    "log_images": 20,
}
CONFIG = Extraction(
    ("conv2",),
    TRAINING,
    Traversal(images=4, grid=3, steps=4),
    TransformerTraining(iterations=4, batch_size=8, images=100),
    samples=50,
)


@pytest.fixture(scope="module")
def start() -> Start:
    return extraction.starts(DATA, asked_images(), FACTORS, 12)


def test_traversals_start_where_all_twins_have_been(start: Start) -> None:
    for name, about in FACTORS.items():
        assert np.all(start.images.factors[name] == about.held)
    assert start.directions.shape == (12, 3, 1, 12, 12)


def test_a_factors_own_small_motion_lies_along_its_tangent_and_no_other(start: Start) -> None:
    renderer = open_renderer("procedural_digits", 12)
    images, places = start.images, np.arange(len(start.images))
    for place, (name, step) in enumerate({"rotation": 1.0, "thickness": 0.05, "intensity": -0.1}.items()):
        moved = renderer.render(images.labels, images.factors | {name: images.factors[name] + step})
        motion = moved.astype(float) - renderer.render(images.labels, images.factors)
        found = np.median(extraction.shares(motion, places, start.directions).alone, axis=0)
        assert found[place] > 0.95 and found.argmax() == place


def test_the_ceiling_falls_with_the_size_of_the_motion(start: Start) -> None:
    sizes, found = start.own["rotation"]
    assert sizes.shape == found.shape == (16, 12)
    order = sizes.mean(axis=1).argsort()
    assert found[order[:2]].mean() > 0.9 and found[order[-2:]].mean() < 0.3
    image = np.arange(12)
    small, large = (
        extraction.ceiling(sizes[step] * 1.01, image, sizes, found).mean() for step in (order[0], order[-1])
    )
    assert small == pytest.approx(found[order[0]].mean(), abs=0.05) and large < 0.3


def test_points_that_do_not_move_have_no_share(start: Start) -> None:
    pixels = start.images.pixels[[3, 3, 5]].copy()
    pixels[2, 0, 6, 6] ^= 64
    motion, image = extraction.moving(
        {"image": image_column(pixels), "image_id": start.images.ids[[3, 3, 5]]}, start.images
    )
    assert image.tolist() == [5] and np.abs(motion).sum() == pytest.approx(64 / 255)
    nothing = extraction.shares(motion[:0], image[:0], start.directions)
    assert nothing.alone.shape == (0, 3) and np.isnan(extraction.mean(nothing.alone[:, 0]))


def test_a_factor_that_looks_like_another_does_not_score_for_it(start: Start) -> None:
    """A pen that grows thicker is partly a brighter picture; what only the one explains is not."""
    renderer = open_renderer("procedural_digits", 12)
    images, places = start.images, np.arange(len(start.images))
    moved = renderer.render(images.labels, images.factors | {"thickness": images.factors["thickness"] + 0.05})
    motion = moved.astype(float) - renderer.render(images.labels, images.factors)
    rows = extraction.share_rows("filter_gan", "conv2", motion, places, np.zeros((len(places), 3)), start)
    found = {row["factor"]: row for row in rows}
    assert found["intensity"]["value"] > 0.1 and found["intensity"]["score"] < 0.05
    assert found["thickness"]["value"] > 0.9 and found["thickness"]["score"] > 0.3


def test_rows_of_a_layer_are_seeded_and_within_their_bounds(trained: dict[str, Classifier], start: Start) -> None:
    images = draw_twin(DATA, ALL, TWINS, 0, 0)
    part = replace(start, images=start.images.at(np.arange(4)), directions=start.directions[:4])
    rows = extraction.traversal_rows(trained[ALL], "conv2", images, part, CONFIG, 3)
    assert rows == extraction.traversal_rows(trained[ALL], "conv2", images, part, CONFIG, 3)
    assert rows != extraction.traversal_rows(trained[ALL], "conv2", images, part, CONFIG, 4)
    assert [row["factor"] for row in rows] == 2 * list(FACTORS)
    assert [row["method"] for row in rows] == 3 * [FILTER_GAN] + 3 * [RANDOM_FILTERS]
    for row in rows:
        assert row["layer"] == "conv2" and 0 <= row["score"] <= 1
        assert 0 <= row["value"] <= 1 and 0 <= row["chance"] <= 1 and 0 < row["ceiling"] <= 1
        assert 0 < row["moving"] <= 4 * 2 * 8


def test_transformers_answer_for_factors_with_a_counterpart(trained: dict[str, Classifier]) -> None:
    images = draw_twin(DATA, ALL, TWINS, 0, 0)
    rows = extraction.transformer_rows(trained[ALL], FACTORS, images, CONFIG, 0)
    assert [(row["factor"], row["method"]) for row in rows] == [("rotation", TRANSFORMER), ("intensity", TRANSFORMER)]
    assert all(row["value"] > 0 for row in rows)
    without = {"thickness": HeldFactor(3.0)}
    assert extraction.transformer_rows(trained[ALL], without, images, CONFIG, 0) == []


def test_what_a_transformer_does_is_what_its_score_says(
    trained: dict[str, Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transformer that turns by 30 degrees times its first control has the spread of that."""
    from invariscope.warp import Warp

    class Turning:
        controls = 2

        def spatial(self, alpha: torch.Tensor) -> Warp:
            angle = torch.deg2rad(30 * alpha[:, 0])
            cosine, sine, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
            rows = torch.stack([cosine, -sine, zero, sine, cosine, zero], dim=1)
            return Warp(rows.reshape(-1, 2, 3))

        def colour(self, beta: torch.Tensor) -> torch.Tensor:
            return torch.stack([torch.ones(len(beta)), torch.zeros(len(beta))], dim=1)[:, None]

    monkeypatch.setattr(extraction.transformer, "train", lambda *_: (Turning(), []))
    config = replace(CONFIG, samples=4000)
    turn, gain = extraction.transformer_rows(trained[ALL], FACTORS, asked_images(), config, 0)
    assert turn["score"] == pytest.approx(30 / 3**0.5, rel=0.05)  # the spread of a uniform number in [-30, 30]
    assert gain["score"] == 0
