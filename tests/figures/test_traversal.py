"""The figure of traversals: drawn from a table alone, and true to it."""

import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.data.table import image_column
from invariscope.figures import style, traversal


def table(images: int = 7, side: int = 3, shape: tuple[int, ...] = (1, 12, 12), kinds: int = 2) -> pa.Table:
    """Grids of noise. In every one the first point is of another class, the first and the last did not converge."""
    random = np.random.default_rng(0)
    grids, points = images * kinds, side**2
    place = np.tile(np.arange(points), grids)
    middle = points // 2
    return pa.table(
        {
            "image_id": np.tile(np.repeat(np.arange(images) * 3 + 5, points), kinds),
            "axes": np.repeat(["random", "principal"][:kinds], images * points),
            "row": place // side,
            "column": place % side,
            "row_offset": (place // side - side // 2) * 1.5 / (side // 2),
            "residual_after": np.where(place == middle, 0, 0.004),
            "converged": (place != 0) & (place != points - 1),
            "label": np.tile(np.repeat(np.arange(images) % 4, points), kinds),
            "predicted": np.where(place == 0, 9, 2),
            "rms_change": np.where(place == middle, 0, 0.125),
            "image": image_column(random.integers(0, 256, (grids * points, *shape), dtype=np.uint8)),
        }
    )


@pytest.mark.parametrize(
    "shown",
    [table(), table(10, 5, (3, 16, 16)), table(1, 3, (1, 8, 8), kinds=1), table(2, 7)],
    ids=["grey", "colour", "one grid", "two large grids"],
)
@pytest.mark.filterwarnings("error")
def test_equal_tables_give_equal_bytes_and_a_page_wide_picture(shown: pa.Table, tmp_path: Path) -> None:
    first, second = tmp_path / "first.png", tmp_path / "second.png"
    traversal.draw(first, shown, "digits, cnn5, conv4")
    traversal.draw(second, shown, "digits, cnn5, conv4")
    assert first.read_bytes() == second.read_bytes()
    image = matplotlib.image.imread(first)
    assert image.shape[1] == style.PAGE * style.DPI and image[..., :3].std() > 0.05


def test_the_mosaic_puts_every_image_in_its_place() -> None:
    images = np.arange(9, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 4, 5), np.uint8)
    row, column = np.divmod(np.arange(9), 3)
    sheet = traversal.mosaic(images, row, column)
    assert sheet.shape == (3 * 6 - 2, 3 * 7 - 2, 3)
    for number, down, across in zip(range(9), row * 6, column * 7, strict=True):
        assert (sheet[down : down + 4, across : across + 5] == number).all()
    assert (sheet[4:6] == 255).all() and (sheet[:, 5:7] == 255).all()


def test_frames_mark_the_original_and_every_failure() -> None:
    marks = list(traversal.frames(table(1, 3, kinds=1)).values())
    assert [np.flatnonzero(mark).tolist() for mark in marks] == [[4], [0], [0, 8]]


def test_the_frames_are_drawn_in_their_colours(tmp_path: Path) -> None:
    """Once as often as there are points to be marked: fewer marks, less of the colour."""
    amounts = []
    for spoilt in (False, True):
        shown = table(3, 5)
        if not spoilt:
            shown = shown.set_column(shown.column_names.index("predicted"), "predicted", pa.array([2] * len(shown)))
        traversal.draw(tmp_path / "figure.png", shown, "digits")
        image = matplotlib.image.imread(tmp_path / "figure.png")[..., :3]
        wanted = np.array([int(traversal.CHANGED[place : place + 2], 16) for place in (1, 3, 5)]) / 255
        amounts.append(int((np.abs(image - wanted).max(-1) < 0.02).sum()))
    assert amounts[1] > amounts[0] + 1000


def test_the_verdict_leaves_the_originals_out() -> None:
    found = traversal.verdict(table())
    assert "87.5 % keep the class" in found  # 7 of 8
    assert "median residual 0.0040" in found and "corners 0.125" in found


def test_the_figure_needs_no_torch() -> None:
    check = "import sys, invariscope.figures.traversal; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


def test_when_not_all_images_fit_every_class_is_shown_before_a_second_of_one() -> None:
    rows = [(9, 1), (2, 0), (5, 0), (3, 1), (8, 2)]  # image, class
    shuffled = pa.table({"image_id": [image for image, _ in rows * 2], "label": [label for _, label in rows * 2]})
    assert traversal.classes_in_turn(shuffled).to_pylist() == [2, 3, 8, 5, 9]
