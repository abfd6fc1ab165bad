"""Malformed data through the real command line: one line, exit code 1, nothing half-written."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from invariscope.__main__ import main
from tests.malformed.toy_project import (
    DATA,
    RESPONSES,
    arguments,
    cut,
    edit,
    flip,
    folder_instead,
    refused,
    text_instead,
)


def rewritten(change: Callable[[pa.Table], pa.Table]) -> Callable[[str], None]:
    def damage(path: str) -> None:
        pq.write_table(change(pq.read_table(path)), path)

    return damage


def only_split(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.filter(pa.compute.equal(table["split"], name))


def only_class(table: pa.Table) -> pa.Table:
    """Without the names of the others, which the schema's metadata tell."""
    return table.filter(pa.compute.equal(table["label"], 0)).replace_schema_metadata(None)


def other_labels(table: pa.Table) -> pa.Table:
    return table.set_column(
        table.column_names.index("label"), "label", pa.compute.multiply(table["label"], pa.scalar(2, pa.int64()))
    )


def smaller_images(table: pa.Table) -> pa.Table:
    images = table["image"].combine_chunks().to_numpy_ndarray()[:, :, 4:24, 4:24]
    column = pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(images))
    return table.set_column(table.column_names.index("image"), "image", column)


TABLES: list[tuple[str, Callable[[str], None], str]] = [
    ("train_classifier", lambda path: Path(path).unlink(), "data/toy.parquet: no such file"),
    ("train_classifier", cut, "data/toy.parquet: is not a readable Parquet file"),
    ("train_classifier", flip, "is not a readable Parquet file"),
    ("train_classifier", text_instead, "is not a readable Parquet file"),
    ("train_classifier", lambda path: Path(path).write_bytes(b""), "is not a readable Parquet file"),
    ("train_classifier", folder_instead, "data/toy.parquet: "),
    ("train_classifier", rewritten(lambda table: table.drop_columns("label")), "has no column 'label'"),
    ("train_classifier", rewritten(lambda table: table.drop_columns("image")), "'image'"),
    ("train_classifier", rewritten(only_split("train")), "has no images in split 'test'; it has train"),
    ("train_classifier", rewritten(only_split("none")), "has no images in split 'train'; it has no images"),
    ("train_classifier", rewritten(other_labels), "its labels are not 0, 1, 2"),
    ("train_classifier", rewritten(only_class), "has no class but '0'"),
    ("screen_transforms", rewritten(smaller_images), "(1, 20, 20) px"),
    ("average_banks", rewritten(smaller_images), "(1, 20, 20) px"),
    ("train_filter_gan", rewritten(smaller_images), "(1, 20, 20) px"),
    ("screen_transforms", rewritten(only_class), "classes"),
]


@pytest.mark.parametrize(("step", "damage", "words"), TABLES)
def test_tables_of_images(
    toy: Path, capsys: pytest.CaptureFixture[str], step: str, damage: Callable[[str], None], words: str
) -> None:
    damage(DATA)
    assert words in refused(step, capsys)


@pytest.mark.parametrize("damage", [cut, text_instead, rewritten(lambda table: table.select(["seed"]))])
def test_tables_of_answers(toy: Path, capsys: pytest.CaptureFixture[str], damage: Callable[[str], None]) -> None:
    damage(RESPONSES)
    assert RESPONSES in refused("find_thresholds", capsys)


def idx(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = np.array([0x0800 + values.ndim, *values.shape], ">i4").tobytes()
    path.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


def test_data_root_that_is_not_there(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit("toy.data", {"source": "mnist"})
    line = refused("prepare_data", capsys)
    assert "data/raw/MNIST/raw" in line
    assert "data_root" in line


def test_mnist_damaged(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit("toy.data", {"source": "mnist"})
    raw = Path("data/raw/MNIST/raw")
    for split in ("train", "t10k"):
        idx(raw / f"{split}-images-idx3-ubyte.gz", np.zeros((20, 28, 28)))
        idx(raw / f"{split}-labels-idx1-ubyte.gz", np.arange(20) % 10)
    cut(str(raw / "train-images-idx3-ubyte.gz"))
    assert "train-images-idx3-ubyte.gz: is damaged" in refused("prepare_data", capsys)


def photographs(classes: dict[str, int]) -> Path:
    """A folder of images per class."""
    folder = Path("photographs")
    for name, count in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (30, 20), number).save(folder / name / f"{number}.png")
    edit("toy.data", {"source": "image_folder", "folder": "photographs", "size": 28, "channels": 1})
    return folder


def test_image_folders(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = photographs({"cat": 5, "dog": 5})
    assert main(arguments("prepare_data", {}, {"data": "good.parquet"})) == 0
    cut("photographs/cat/3.png")
    assert "photographs/cat/3.png: is no readable image" in refused("prepare_data", capsys)
    (folder / "dog" / "4.png").write_text("a dog")
    assert "photographs: 2 files are no readable images: cat/3.png" in refused("prepare_data", capsys)
    shutil.rmtree(folder / "cat")
    (folder / "cat").mkdir()
    assert "photographs/cat: has no images" in refused("prepare_data", capsys)
    shutil.rmtree(folder)
    folder.mkdir()
    assert "photographs: has no folders" in refused("prepare_data", capsys)
    folder.rmdir()
    assert "photographs: no such folder" in refused("prepare_data", capsys)


def test_classes_of_image_folders(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photographs({"cat": 5, "dog": 5})
    edit("toy.data.classes", "classes.txt")
    assert "classes.txt: no such file" in refused("prepare_data", capsys)
    Path("classes.txt").write_text("n1 cat\nn2 cow\n")
    assert "photographs/dog: is none of the 2 classes" in refused("prepare_data", capsys)


def test_a_class_that_is_too_small_to_be_split(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photographs({"cat": 5, "dog": 1})
    assert "photographs: class 'dog' has 1 images" in refused("prepare_data", capsys)
