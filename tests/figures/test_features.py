"""Figures of feature visualisation: equal tables to equal bytes, nothing said in words, names as they are read."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.colors
import matplotlib.image
import pytest
from matplotlib.figure import Figure

from invariscope.data.table import write_rows, write_table
from invariscope.figures import (
    feature_channels,
    feature_classes,
    feature_images,
    feature_sheet,
    feature_values,
    feature_variety,
    style,
)
from invariscope.steps import plot_features
from tests.figures.galleries import (
    CHANNELS,
    CLASSES,
    METHODS,
    MINUS,
    SUM,
    Row,
    gallery,
    table,
    verdicts,
)

FIGURES: dict[str, Callable[[Path, list[Row]], None]] = {
    "channels": lambda path, rows: feature_channels.draw(path, table(rows), "shapes, cnn7"),
    "classes": lambda path, rows: feature_classes.draw(path, table(rows), "shapes, cnn7"),
    "sheet": lambda path, rows: feature_sheet.draw(path, table(rows), "shapes, cnn7"),
    "values": lambda path, rows: feature_values.draw(path, table(rows), "shapes, cnn7"),
    "variety": lambda path, rows: feature_variety.draw(path, table(rows), "shapes, cnn7"),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 48, 48), (3, 224, 224)], ids=str)
@pytest.mark.filterwarnings("error")
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str, shape: tuple[int, int, int]) -> None:
    rows = gallery(objectives=("conv1:0", "conv1:1", "class:0", "class:1"), methods=METHODS[:2], shape=shape)
    paths = [tmp_path / f"{place}.png" for place in range(2)]
    for path in paths:
        FIGURES[name](path, rows)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = matplotlib.image.imread(paths[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.05


@pytest.mark.parametrize("name", FIGURES)
def test_a_changed_value_changes_the_figure(tmp_path: Path, name: str) -> None:
    rows = gallery()
    FIGURES[name](tmp_path / "one.png", rows)
    changed = [row | {"value": None if row["value"] is None else row["value"] + 0.5} for row in rows]
    FIGURES[name](tmp_path / "other.png", changed)
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_nothing_says_so(tmp_path: Path, saved: list[Figure], name: str) -> None:
    """The workflow expects the file of a study that draws no class, or no channel."""
    objectives = tuple(CLASSES) if name in ("channels", "sheet") else CHANNELS
    rows = gallery(objectives)
    if name == "values":
        rows = [row for row in rows if row["kind"] in ("top", "bottom")]
    FIGURES[name](tmp_path / "figure.png", rows)
    texts = [text.get_text() for text in saved[0].axes[0].texts]
    assert any(text.startswith("no ") for text in texts), texts
    assert not saved[0].axes[0].images


def test_the_step_draws_every_figure(tmp_path: Path) -> None:
    rows = gallery(judged=("class:2",), objectives=(*CHANNELS, "class:0", "class:1"))
    write_rows(tmp_path / "objectives.parquet", rows, numbers=("value", "share"))
    found = verdicts()
    write_table(tmp_path / "transfer.parquet", {name: found[name] for name in found.column_names})
    names = ("channels", "classes", "values", "variety", "judges")
    plot_features.run(
        "shapes",
        "cnn7",
        objectives=tmp_path / "objectives.parquet",
        transfer=tmp_path / "transfer.parquet",
        **{name: tmp_path / f"{name}.png" for name in names},
    )
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in names}) == len(names)


def test_the_step_needs_no_torch() -> None:
    check = "import sys, invariscope.steps.plot_features; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


# --- words -----------------------------------------------------------------------------------------------------------


def test_methods_are_said_in_words_and_unknown_ones_by_their_names() -> None:
    assert feature_images.method_words("pixels", "none") == "pixels, no robustness"
    assert feature_images.method_words("fourier", "lucid") == "Fourier, lucid's robustness"
    assert feature_images.method_words("cppn", "paper") == "CPPN, paper's robustness"
    assert feature_images.method_words("wavelets", "strong") == "wavelets, strong"
    assert feature_images.method_words("dataset", "none") == "data set"


def test_objectives_are_grouped_by_layer_with_classes_behind() -> None:
    rows = gallery(("class:1", "layer3.1.conv2:17", SUM, "conv1:0", "conv1:0@2,4", "layer3.1.conv2:2"))
    assert feature_images.drawn(rows) == {
        "layer3.1.conv2": ["layer3.1.conv2:17", "layer3.1.conv2:2"],
        "conv1": ["conv1:0"],
        "classes": ["class:1"],
        "others": [SUM, "conv1:0@2,4"],
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (22.0, "22.0"),
        (-0.5478, f"{MINUS}0.548"),
        (151.4, "151"),
        (1234.5, "1234"),
        (7.09e-5, f"7.09e{MINUS}5"),
        (0.0, "0.00"),
    ],
)
def test_values_have_three_digits(value: float, text: str) -> None:
    assert feature_images.value_text(value) == text


def test_text_is_broken_and_cut_to_its_room() -> None:
    name, room = "rainbow double triangle with a very long name", 0.8
    lines = feature_images.wrapped(name, room, 7).split("\n")
    assert " ".join(lines) == name and len(lines) > 1
    assert all(feature_images.text_width(line, 7) <= room for line in lines)
    shortened = feature_images.cut(name, room, 7)
    assert shortened.endswith("…") and name.startswith(shortened[:-1])
    assert 0.6 * room < feature_images.text_width(shortened, 7) <= room
    assert feature_images.cut("7", room, 7) == "7"
