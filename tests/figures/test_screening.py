"""Screening figures: a panel a family, everything inside the page, equal tables equal bytes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from matplotlib.image import BboxImage
from PIL import Image

from invariscope.data.table import image_column
from invariscope.figures import screening_curves, style, thresholds

GRIDS = {"rotation": [-180.0, -90.0, 0.0, 90.0, 180.0], "zoom": [0.3, 1.0, 2.5], "gaussian_blur": [0.0, 3.0, 6.0]}
UNITS = {"rotation": "degrees", "zoom": "factor", "gaussian_blur": "sigma, px"}
IDENTITY = {"rotation": 0.0, "zoom": 1.0, "gaussian_blur": 0.0}
NAMES = ["all", "circle", "square", "a long class name"]


def described(family: str) -> dict[str, Any]:
    return {"study": "toy", "classifier": "net", "family": family, "unit": UNITS[family], "identity": IDENTITY[family]}


def curve_table(names: list[str]) -> pa.Table:
    rows = [
        {
            **described(family),
            "magnitude": magnitude,
            "class_name": name,
            "n_images": 10,
            "accuracy": float(np.exp(-abs(magnitude - IDENTITY[family]))),
            "true_class_probability": 0.5,
        }
        for family, grid in GRIDS.items()
        for name in names
        for magnitude in grid
    ]
    return pa.Table.from_pylist(rows)


def threshold_table(names: list[str]) -> pa.Table:
    rows = []
    for family, grid in GRIDS.items():
        for direction, end in (("negative", grid[0]), ("positive", grid[-1])):
            if end == IDENTITY[family]:
                continue
            for place, name in enumerate(names):
                for criterion in ("accuracy", "argmax"):
                    censored, threshold = place % 3 == 1, (end + IDENTITY[family]) / 2
                    rows.append(
                        {
                            **described(family),
                            "direction": direction,
                            "class_name": name,
                            "criterion": criterion,
                            "threshold": None if censored else threshold,
                            "ci_low": None if censored else threshold - 0.05,
                            "ci_high": None if place % 3 else threshold + 0.05,
                            "censored": censored,
                            "rebounds": place % 3 == 2,
                            "grid_end": end,
                            "clean": 0.9,
                            "level": 0.5 if criterion == "accuracy" else None,
                            "confidence": 0.95,
                        }
                    )
    return pa.Table.from_pylist(rows)


def example_table(channels: int) -> pa.Table:
    conditions = [(family, magnitude) for family, grid in GRIDS.items() for magnitude in grid]
    pictures = np.random.default_rng(0).integers(0, 256, (2 * len(conditions), channels, 6, 6), dtype=np.uint8)
    columns = {
        "family": [family for family, _ in conditions for _ in range(2)],
        "magnitude": [magnitude for _, magnitude in conditions for _ in range(2)],
        "image_id": [4, 9] * len(conditions),
        "image": image_column(pictures),
    }
    return pa.table(columns)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that were drawn, still open."""
    kept: list[Figure] = []
    monkeypatch.setattr(style.plt, "close", kept.append)
    yield kept
    monkeypatch.undo()
    plt.close("all")


def assert_within_the_page(figure: Figure) -> None:
    page = figure.bbox
    for axes in figure.axes:
        box = axes.get_tightbbox()
        if axes.axison and box is not None:
            assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= page.x1 + 1 and box.y1 <= page.y1 + 1
    texts = [text for axes in figure.axes for text in (axes.xaxis.label, axes.title) if axes.axison]
    boxes = [text.get_window_extent() for text in texts]
    assert not any(a.overlaps(b) for place, a in enumerate(boxes) for b in boxes[:place])


def panels(figure: Figure) -> dict[str, Any]:
    return {axes.get_title(): axes for axes in figure.axes if axes.axison}


@pytest.mark.parametrize("channels", [1, 3])
def test_curves(tmp_path: Path, drawn: list[Figure], channels: int) -> None:
    path = tmp_path / "curves.png"
    screening_curves.draw(path, curve_table(NAMES), threshold_table(NAMES), example_table(channels))
    found = panels(drawn[0])
    assert list(found) == ["rotation", "zoom", "gaussian blur"]
    assert [axes.get_xlabel() for axes in found.values()] == list(UNITS.values())
    assert [axes.get_xscale() for axes in found.values()] == ["linear", "log", "linear"]
    pictures = [[artist for artist in axes.artists if isinstance(artist, BboxImage)] for axes in found.values()]
    assert [len(own) for own in pictures] == [5, 3, 3]
    assert "10 transformed test images of 3 classes" in drawn[0].get_suptitle()
    assert_within_the_page(drawn[0])
    assert Image.open(path).width == style.PAGE * style.DPI


@pytest.mark.parametrize("classes", [3, 40])
def test_thresholds(tmp_path: Path, drawn: list[Figure], classes: int) -> None:
    path = tmp_path / "thresholds.png"
    names = NAMES if classes == 3 else ["all", *(f"class {number}" for number in range(classes))]
    thresholds.draw(path, threshold_table(names))
    found = panels(drawn[0])
    assert list(found) == ["rotation", "zoom", "gaussian blur"]
    labels = [label.get_text() for label in found["rotation"].get_yticklabels()]
    assert labels == (["all images", *NAMES[1:]] if classes == 3 else ["all images", "0 %", "50 %", "100 %"])
    points = [line for line in found["gaussian blur"].lines if line.get_marker() in ("o", "<", ">")]
    assert sum(len(line.get_xdata()) for line in points) == 2 * (classes + 1)  # one direction, two criteria
    censored = [line for line in points if line.get_marker() == ">"]
    assert censored and all(set(line.get_xdata()) == {6.0} for line in censored)
    hollow = [line for line in points if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_xdata()) for line in hollow) == 2 * sum(place % 3 == 2 for place in range(classes + 1))
    assert_within_the_page(drawn[0])


def test_equal_tables_equal_bytes(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        thresholds.draw(tmp_path / name, threshold_table(NAMES))
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
