"""The sheet of example images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from invariscope.data.table import Images, open_data, write_data
from invariscope.figures.samples import Layout, arrange, first_of_each, plot_samples


def images(classes: int, each: int, channels: int = 3, size: int = 12) -> Images:
    """Images of one value each: ten times the label, plus the number within the class."""
    labels = np.tile(np.arange(classes), each)
    values = labels * 10 % 200 + np.repeat(np.arange(each), classes)
    pixels = np.broadcast_to(values[:, None, None, None], (len(labels), channels, size, size)).astype(np.uint8)
    names = tuple(f"class number {label}" for label in range(classes))
    return Images(np.arange(len(labels)), pixels, labels, names, {})


def test_every_class_has_its_first_images_in_a_line() -> None:
    layout = Layout(columns=1, examples=3, caption=0, gap=1, names=0)
    mosaic = arrange(images(4, 5, channels=1), np.arange(4), layout)
    assert mosaic.shape == (4 * 13 - 1, 3 * 13 - 1, 3)
    for label in range(4):
        line = mosaic[label * 13 + 6, :, 0]
        assert line[[6, 19, 32]].tolist() == [label * 10, label * 10 + 1, label * 10 + 2]
        assert line[12] == 255


def test_many_classes_stand_in_columns_under_their_names() -> None:
    layout = Layout(columns=5, examples=2, caption=4, gap=1, names=0)
    mosaic = arrange(images(12, 2), np.arange(12), layout)
    down, across = layout.pitch((12, 12))
    assert mosaic.shape == (3 * down - 1, 5 * across - 1, 3)
    assert mosaic[down + 4 + 3, across + 3, 0] == 60  # class 6: second line, second column
    assert (mosaic[:4] == 255).all()
    assert (mosaic[2 * down :, 2 * across :] == 255).all()  # no class 12


def test_a_class_with_few_images_leaves_places_white() -> None:
    mosaic = arrange(images(2, 1), np.arange(2), Layout(columns=1, examples=3, caption=0, gap=1, names=0))
    assert (mosaic[:, 13:] == 255).all()


def test_only_classes_with_images_are_shown_and_only_their_first_are_read(tmp_path: Path) -> None:
    some = images(30, 40)
    some = some.at(np.flatnonzero(some.labels % 3 == 1))
    assert first_of_each(some, np.array([4, 1]), 2).labels.tolist() == [1, 4, 1, 4]
    write_data(tmp_path / "data.parquet", {"test": some})
    sizes, stored = [], open_data(tmp_path / "data.parquet", "test")

    class Recorded:
        def __getattr__(self, name: str) -> object:
            return getattr(stored, name)

        def at(self, places: np.ndarray) -> Images:
            sizes.append(len(places))
            return stored.at(places)

    plot_samples(tmp_path / "stored.png", Recorded(), "study", "test")
    plot_samples(tmp_path / "memory.png", some, "study", "test")
    assert sizes == [10 * 20]
    assert (tmp_path / "stored.png").read_bytes() == (tmp_path / "memory.png").read_bytes()


@pytest.mark.parametrize(("classes", "channels"), [(2, 3), (10, 1), (60, 3), (70, 3)])
def test_figures_are_of_page_width_and_repeat_themselves(tmp_path: Path, classes: int, channels: int) -> None:
    sample = images(classes, 4, channels)
    for name in ("one", "two"):
        plot_samples(tmp_path / f"{name}.png", sample, "study", "test")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.size[0] == 1440
        assert 100 < picture.size[1] < 2000
