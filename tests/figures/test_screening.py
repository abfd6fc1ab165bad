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
from invariscope.figures import (
    class_panels,
    differences,
    heat_map,
    screening_curves,
    sensitivity,
    style,
    thresholds,
)

GRIDS = {"rotation": [-180.0, -90.0, 0.0, 90.0, 180.0], "zoom": [0.3, 1.0, 2.5], "gaussian_blur": [0.0, 3.0, 6.0]}
UNITS = {"rotation": "degrees", "zoom": "factor", "gaussian_blur": "sigma, px"}
IDENTITY = {"rotation": 0.0, "zoom": 1.0, "gaussian_blur": 0.0}
NAMES = ["all", "round ones", "circle", "square", "a long class name"]


def described(family: str) -> dict[str, Any]:
    return {"study": "toy", "classifier": "net", "family": family, "unit": UNITS[family], "identity": IDENTITY[family]}


def kind(name: str) -> str:
    return "group" if name in ("all", "round ones") else "class"


def curve_table(names: list[str]) -> pa.Table:
    rows = [
        {
            **described(family),
            "magnitude": magnitude,
            "class_name": name,
            "kind": kind(name),
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
                            "kind": kind(name),
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
    names = NAMES if classes == 3 else [*NAMES[:2], *(f"class {number}" for number in range(classes))]
    thresholds.draw(path, threshold_table(names))
    found = panels(drawn[0])
    assert list(found) == ["rotation", "zoom", "gaussian blur"]
    labels = [label.get_text() for label in found["rotation"].get_yticklabels()]
    assert labels == ["all images", *(NAMES[1:] if classes == 3 else ["round ones", "0 %", "50 %", "100 %"])]
    points = [line for line in found["gaussian blur"].lines if line.get_marker() in ("o", "<", ">")]
    assert sum(len(line.get_xdata()) for line in points) == 2 * (classes + 2)  # one direction, two criteria
    censored = [line for line in points if line.get_marker() == ">"]
    assert censored and all(set(line.get_xdata()) == {6.0} for line in censored)
    hollow = [line for line in points if line.get_marker() == "o" and line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_xdata()) for line in hollow) == 2 * sum(place % 3 == 2 for place in range(classes + 2))
    assert_within_the_page(drawn[0])


def test_classifiers_beside_each_other(tmp_path: Path, drawn: list[Figure]) -> None:
    one = threshold_table(NAMES)
    other = one.set_column(one.column_names.index("classifier"), "classifier", pa.array(["other net"] * len(one)))
    thresholds.draw_classifiers(tmp_path / "both.png", [one, other])
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels[:2] == ["net", "other net"] and "50%" in drawn[0].get_suptitle()
    points = [line for line in panels(drawn[0])["zoom"].lines if line.get_marker() in ("o", "<", ">")]
    assert sum(len(line.get_xdata()) for line in points) == 2 * 2 * len(NAMES)  # directions, classifiers
    assert_within_the_page(drawn[0])


def test_class_panels(tmp_path: Path, drawn: list[Figure]) -> None:
    """A row a class with a sample, in it the class's own curve, those that win, and the accuracy."""
    predicted = [
        {
            **described(family),
            "magnitude": magnitude,
            "class_name": name,
            "predicted_class": label,
            "probability": 0.25 * (place + 1),
        }
        for family, grid in GRIDS.items()
        for name in ("circle", "square")
        for place, label in enumerate(("square", "circle", "triangle", "others"))
        for magnitude in grid
    ]
    examples = example_table(3)
    names = pa.array(["circle" if image == 4 else "square" for image in examples["image_id"].to_pylist()])
    path = tmp_path / "classes.png"
    class_panels.draw(
        path, curve_table(NAMES), pa.Table.from_pylist(predicted), examples.append_column("class_name", names)
    )
    assert len(drawn[0].axes) == 2 * 3
    first = drawn[0].axes[0]
    assert first.get_ylabel().startswith("circle\n")
    looks = {line.get_label(): (line.get_color(), line.get_ydata()[0]) for line in first.lines}
    assert looks["circle"] == (class_panels.OWN["color"], 0.5) and looks["others"][1] == 1
    assert looks["square"][0] == class_panels.LOOK[0]["color"]
    shown = [text.get_text() for text in first.get_legend().get_texts()]
    assert shown == ["square", "circle", "triangle"]
    assert all(any(isinstance(artist, BboxImage) for artist in axes.artists) for axes in drawn[0].axes)


@pytest.mark.parametrize("classes", [3, 100])
def test_heat_map(tmp_path: Path, drawn: list[Figure], classes: int) -> None:
    names = NAMES if classes == 3 else [*NAMES[:2], *(f"class {number}" for number in range(classes))]
    heat_map.draw(tmp_path / "heat.png", threshold_table(names))
    upper, lower = drawn[0].axes[:2]
    columns = [label.get_text() for label in lower.get_xticklabels()]
    assert columns == ["rotation -", "rotation +", "zoom -", "zoom +", "gaussian blur +"]
    values = upper.images[0].get_array()
    assert values.shape == (2, 5) and lower.images[0].get_array().shape == (classes, 5)
    assert values[0, 0] == 0.5 and (values[1] > 1).all()  # half-way to the end; the second name is never lost
    assert bool([label.get_text() for label in lower.get_yticklabels()]) == (classes == 3)


def test_shares_of_factors_are_logarithmic() -> None:
    row = {"censored": False, "threshold": 0.5, "grid_end": 0.25, "identity": 1.0, "unit": "factor, > 1 larger"}
    assert heat_map.held_share(row) == pytest.approx(0.5)
    assert heat_map.held_share(row | {"unit": "degrees"}) == pytest.approx(0.5 / 0.75)
    assert heat_map.held_share(row | {"censored": True}) == 1


def test_sensitivity(tmp_path: Path, drawn: list[Figure]) -> None:
    renderings = [("zeros", "bilinear"), ("border", "bilinear"), ("zeros", "nearest")]
    chosen = pa.compute.equal(curve_table(["all"])["family"], "gaussian_blur")
    geometric = curve_table(["all"]).filter(pa.compute.invert(chosen)).to_pylist()
    curves = [row | {"fill": fill, "interpolation": way} for fill, way in renderings for row in geometric]
    moved = {"difference": 0.2, "difference_low": 0.1, "difference_high": 0.3}
    moved |= {f"mean_{name}": value / 10 for name, value in moved.items()}
    found = [
        row | moved | {"fill": fill, "interpolation": way, "n_images": 10}
        for fill, way in renderings
        for row in threshold_table(["all"]).to_pylist()
        if row["family"] != "gaussian_blur"
    ]
    unknown = dict.fromkeys(("difference", "difference_low", "difference_high"))
    found = [row | (unknown if row["family"] == "zoom" else {}) for row in found]
    sensitivity.draw(tmp_path / "s.png", pa.Table.from_pylist(curves), pa.Table.from_pylist(found))
    axes = drawn[0].axes
    assert [panel.get_title() for panel in axes[:2]] == ["rotation", "zoom"]
    assert [len(panel.lines) - 1 for panel in axes[:2]] == [3, 3]  # beside the identity
    assert [label.get_text() for label in axes[2].get_yticklabels()] == ["border", "nearest"]
    marks = [[line.get_xdata()[0] for line in panel.lines if line.get_marker() in "<>"] for panel in axes[2:]]
    assert marks == [[0.2] * 4, [], [0.02] * 4, [0.02] * 4]
    assert [text.get_text() for text in axes[3].texts] == ["not lost within the grid"]
    assert_within_the_page(drawn[0])


def test_differences(tmp_path: Path, drawn: list[Figure]) -> None:
    rows = [
        row
        | {"classifier": one, "other": other}
        | {"mean_difference": 0.1, "mean_difference_low": 0.05, "mean_difference_high": 0.2}
        for one, other in (("a", "b"), ("a", "c"))
        for row in threshold_table(NAMES).to_pylist()
    ]
    differences.draw(tmp_path / "d.png", pa.Table.from_pylist(rows))
    found = panels(drawn[0])
    assert list(found) == ["a minus b", "a minus c"]
    labels = [text.get_text() for text in drawn[0].legends[0].get_texts()]
    assert labels == ["single classes", "all images", "round ones"]
    ticks = [label.get_text() for label in found["a minus b"].get_yticklabels()]
    assert ticks == ["rotation -", "rotation +", "zoom -", "zoom +", "gaussian blur +"]
    assert_within_the_page(drawn[0])


def test_equal_tables_equal_bytes(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        thresholds.draw(tmp_path / name, threshold_table(NAMES))
    assert (tmp_path / "1.png").read_bytes() == (tmp_path / "2.png").read_bytes()
