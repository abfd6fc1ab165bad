"""The Invariant Transformer Net's figures: drawn from tables made by hand, equal tables to equal bytes, and true."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.data.table import image_column
from invariscope.figures import (
    style,
    transformer_accuracy,
    transformer_grid,
    transformer_quantities,
    transformer_training,
)


def history(iterations: int = 60) -> pa.Table:
    steps = np.arange(1, iterations + 1)
    return pa.table(
        {
            "iteration": steps,
            "accuracy": 0.98 - 0.03 * (steps % 3 == 0),
            "classification_loss": 0.1 + 0.05 * np.sin(steps),
            "spatial_displacement": 0.4 * steps / iterations,
            "colour_displacement": 0.02 * steps / iterations,
            "descended": np.where(steps % 3 == 0, "classification", "displacement"),
            "floor": np.full(iterations, 0.97),
        }
    )


def evaluation(controls: tuple[str, ...] = ("alpha", "beta", "both"), random_loss: float = 0.5) -> pa.Table:
    rows = []
    for control in controls:
        shared = {"control": control, "n_images": 960}
        rows.append(shared | {"kind": "identity", "strength": 0.0, "displacement": 0.0, "accuracy": 0.98})
        for strength in (0.5, 1.0):
            for kind, lost in (("learned", 0.005), ("random", random_loss)):
                far = {"strength": strength, "displacement": 0.4 * strength, "accuracy": 0.98 - lost * strength}
                rows.append(shared | far | {"kind": kind})
    return pa.Table.from_pylist(
        [row | {"ci_low": row["accuracy"] - 0.01, "ci_high": row["accuracy"] + 0.01} for row in rows]
    )


def transformations(channels: int = 3) -> pa.Table:
    random = np.random.default_rng(0)
    rows = []
    for control, names in transformer_quantities.ROWS.items():
        for name in names if channels == 3 or control == "alpha" else names[:2]:
            identity = float(name.startswith("scale") or name in ("gain", "saturation"))
            shared = {"control": control, "quantity": name, "unit": "factor, > 1 wider", "identity": identity}
            rows += [shared | {"value": identity + 0.2 * value} for value in random.standard_normal(80)]
    return pa.Table.from_pylist(rows)


def examples(size: int = 5, images: int = 2, channels: int = 3, rows: int | None = None) -> pa.Table:
    down = size if rows is None else rows
    pixels = np.arange(images * down * size * channels * 64).reshape(-1, channels, 8, 8) % 251
    axis = np.linspace(-1, 1, size)
    return pa.table(
        {
            "image_id": np.repeat(np.arange(images) + 7, down * size),
            "class_name": np.repeat([f"class {number}" for number in range(images)], down * size),
            "label": np.repeat(np.arange(images), down * size),
            "predicted": np.tile(np.arange(down * size) % 2, images),
            "row": np.tile(np.repeat(np.arange(down), size), images),
            "column": np.tile(np.arange(size), images * down),
            "first": np.tile(axis, images * down),
            "second": np.tile(np.repeat(-axis if down == size else [0.0], size), images),
            "image": image_column(pixels.astype(np.uint8)),
        }
    )


FIGURES: dict[str, Callable[[Path], None]] = {
    "training": lambda path: transformer_training.draw(path, history(), "shapes, cnn7"),
    "accuracy": lambda path: transformer_accuracy.draw(path, evaluation(), "shapes, cnn7"),
    "accuracy over alpha alone": lambda path: transformer_accuracy.draw(path, evaluation(("alpha",)), "shapes, cnn7"),
    "quantities": lambda path: transformer_quantities.draw(path, transformations(), "shapes, cnn7"),
    "grid": lambda path: transformer_grid.draw(path, examples(), "alpha", "shapes, cnn7"),
    "grid of one grey image": lambda path: transformer_grid.draw(path, examples(7, 1, 1), "beta", "digits, cnn5"),
    "grid of one control": lambda path: transformer_grid.draw(path, examples(7, rows=1), "alpha", "digits, cnn5"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path in paths:
        FIGURES[name](path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = matplotlib.image.imread(paths[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.02  # something is drawn


def test_the_verdict_counts_points_of_accuracy() -> None:
    text = transformer_accuracy.verdict(evaluation(random_loss=0.3))
    assert (
        text == "points lost at strength 1: space 0.5 (random 30.0), colour 0.5 (random 30.0), both 0.5 (random 30.0)"
    )
    beyond = evaluation().to_pylist()
    beyond.append({**beyond[-1], "strength": 1.5, "accuracy": 0.1})  # untrained strengths are no part of it
    assert transformer_accuracy.verdict(pa.Table.from_pylist(beyond)).startswith("points lost at strength 1: space 0.5")


def test_a_changed_value_changes_the_figure(tmp_path: Path) -> None:
    for name, lost in (("one", 0.3), ("other", 0.6)):
        transformer_accuracy.draw(tmp_path / f"{name}.png", evaluation(random_loss=lost), "shapes")
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


def test_ticks_name_the_controls_at_the_ends_and_in_the_middle() -> None:
    places = np.repeat(np.arange(5), 5)
    found = transformer_grid.ticks(places, np.linspace(1, -1, 5)[places], pitch=10, gap=2)
    assert found == ([4, 24, 44], ["+1", "0", "-1"])


def test_figures_and_step_need_no_torch() -> None:
    check = "import sys, invariscope.steps.plot_transformer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
