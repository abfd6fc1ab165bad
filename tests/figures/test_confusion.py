"""The confusion of a classifier that knows classes without images."""

from pathlib import Path

import numpy as np
from PIL import Image

from invariscope.classifiers.evaluation import confusion_table
from invariscope.data.table import read_table, write_table
from invariscope.figures.confusion import OTHERS, draw, with_images


def test_classes_without_images_share_a_column() -> None:
    counts = np.array([[0, 0, 0, 0], [1, 5, 2, 3], [0, 0, 0, 0], [0, 4, 0, 6]])
    shown, rows, columns = with_images(counts, ["a", "b", "c", "d"])
    assert (rows, columns) == (["b", "d"], ["b", "d", OTHERS])
    assert shown.tolist() == [[5, 3, 3], [4, 6, 0]]
    assert shown.sum() == counts.sum()
    whole, rows, columns = with_images(counts + 1, ["a", "b", "c", "d"])
    assert whole.tolist() == (counts + 1).tolist() and rows == columns


def test_few_and_many_classes_of_more_are_drawn(tmp_path: Path) -> None:
    for present in (3, 30):
        counts = np.zeros((200, 200), np.int64)
        seen = np.arange(present) * 6 + 1
        counts[seen, seen], counts[seen, 0] = 40, np.arange(present)
        names = tuple(f"kind {number}" for number in range(200))
        write_table(tmp_path / "confusion.parquet", *confusion_table(counts, names, {"study": "s"}))
        draw(tmp_path / f"{present}.png", read_table(tmp_path / "confusion.parquet"), "study, network")
        with Image.open(tmp_path / f"{present}.png") as picture:
            assert picture.size[0] == 1440
