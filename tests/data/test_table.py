"""Parquet tables: what is written is what is read, and damage is noticed."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from invariscope.data.table import (
    Images,
    balanced,
    column_images,
    image_column,
    read_data,
    read_table,
    write_data,
    write_rows,
    write_table,
)
from invariscope.errors import UserError

NAMES = ("cat", "dog", "owl")


def images(count: int, channels: int = 3, first: int = 0) -> Images:
    generator = np.random.default_rng(count)
    return Images(
        ids=np.arange(first, first + count),
        pixels=generator.integers(0, 256, (count, channels, 5, 7), np.uint8),
        labels=np.arange(count) % 3,
        class_names=NAMES,
        factors={"angle": generator.random(count)},
    )


def data_file(folder: Path, channels: int = 3) -> tuple[Path, dict[str, Images]]:
    path = folder / "set.parquet"
    splits = {"train": images(30, channels), "test": images(9, channels, first=30)}
    write_data(path, splits, {"angle": "degrees"})
    return path, splits


@pytest.mark.parametrize("channels", [1, 3])
def test_a_data_set_comes_back_as_it_was(tmp_path: Path, channels: int) -> None:
    path, splits = data_file(tmp_path, channels)
    for split, written in splits.items():
        read = read_data(path, split)
        np.testing.assert_array_equal(read.pixels, written.pixels)
        np.testing.assert_array_equal(read.ids, written.ids)
        np.testing.assert_array_equal(read.labels, written.labels)
        np.testing.assert_array_equal(read.factors["angle"], written.factors["angle"])
        assert read.class_names == NAMES
        assert read.pixels.flags.writeable
    x, y = read_data(path, "test").tensors()
    assert (x.shape, y.shape) == ((9, channels, 5, 7), (9,))
    assert 0 <= x.min() < x.max() <= 1


def test_limit_takes_the_first_and_keeps_all_class_names(tmp_path: Path) -> None:
    path, splits = data_file(tmp_path)
    read = read_data(path, "test", limit=2)
    np.testing.assert_array_equal(read.pixels, splits["test"].pixels[:2])
    assert read.class_names == NAMES


def test_columns_have_units(tmp_path: Path) -> None:
    schema = pq.read_schema(data_file(tmp_path)[0])
    assert schema.field("factor_angle").metadata[b"unit"] == b"degrees"
    assert b"0-255" in schema.field("image").metadata[b"unit"]
    with pytest.raises(ValueError, match="units"):
        write_table(tmp_path / "x.parquet", {"a": [1]}, units={"b": "px"})


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_image_columns_keep_the_axes_whatever_the_strides(dtype: type) -> None:
    values = np.arange(4 * 6 * 5).reshape(4, 6, 5).astype(dtype)
    for array in (values, values[:, None], values.transpose(0, 2, 1), values[:, ::2], values[:, :, None, :]):
        column = image_column(array)
        assert tuple(column.type.shape) == array.shape[1:]
        np.testing.assert_array_equal(column_images(pq_column(column)), array)
        np.testing.assert_array_equal(column_images(pq_column(column).slice(1, 2)), array[1:3])


def pq_column(column):  # type: ignore[no-untyped-def]
    import pyarrow as pa

    return pa.chunked_array([column])


def test_equal_content_is_equal_bytes(tmp_path: Path) -> None:
    rows = [{"name": "a", "value": 0.5}, {"name": "b", "value": 1.5}]
    write_rows(tmp_path / "1.parquet", rows, {"value": "px"})
    write_rows(tmp_path / "2.parquet", rows, {"value": "px"})
    assert (tmp_path / "1.parquet").read_bytes() == (tmp_path / "2.parquet").read_bytes()
    assert read_table(tmp_path / "1.parquet").to_pylist() == rows
    with pytest.raises(ValueError, match="no rows"):
        write_rows(tmp_path / "3.parquet", [])


def test_a_flipped_bit_is_never_read_as_data(tmp_path: Path) -> None:
    """Pages have checksums; the file's footer has none, but what it says is seldom possible after a flip."""
    path, splits = data_file(tmp_path)
    content = path.read_bytes()
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    noticed = 0
    for position in np.random.default_rng(0).integers(4, len(content), 80):
        damaged = bytearray(content)
        damaged[position] ^= 16
        path.write_bytes(damaged)
        try:
            read = read_data(path, "train")
        except UserError as error:
            noticed += 1
            assert "\n" not in str(error)
            assert str(path) in str(error)
        else:
            if position < footer:
                np.testing.assert_array_equal(read.pixels, splits["train"].pixels)
    assert noticed > 40


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    path, _ = data_file(tmp_path)
    with pytest.raises(UserError, match="no images in split 'validation'; it has test, train"):
        read_data(path, "validation")
    with pytest.raises(UserError, match="no such file"):
        read_table(tmp_path / "none.parquet")
    with pytest.raises(UserError, match="no column 'colour'"):
        read_table(path, ["colour"])
    (tmp_path / "text.parquet").write_text("not a table")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        read_table(tmp_path / "text.parquet")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        read_table(tmp_path)


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    columns = {"id": [0, 1], "split": ["test", "test"], "label": [0, 2], "class_name": ["a", "c"]}
    pixels = image_column(np.zeros((2, 1, 2, 2), np.uint8))
    write_table(path, {**columns, "image": pixels})
    with pytest.raises(UserError, match="labels are not 0, 1, 2"):
        read_data(path, "test")
    write_table(path, {**columns, "label": [0, 1], "image": [[1, 2], [3]]})
    with pytest.raises(UserError, match="no images of one shape"):
        read_data(path, "test")
    write_table(path, {**columns, "label": [0, 1]})
    with pytest.raises(UserError, match="no images of one shape"):
        read_data(path, "test")


def test_splits_must_agree_on_their_classes(tmp_path: Path) -> None:
    other = Images(np.arange(1), np.zeros((1, 3, 5, 7), np.uint8), np.zeros(1, np.int64), ("x",), {})
    with pytest.raises(ValueError, match="class names differ"):
        write_data(tmp_path / "x.parquet", {"train": images(3), "test": other})
    assert not list(tmp_path.iterdir())


def test_few_images_of_many_classes_are_of_classes_far_apart() -> None:
    labels = np.repeat(np.arange(60), 3)
    images = Images(np.arange(180), np.zeros((180, 1, 2, 2), np.uint8), labels, tuple(map(str, range(60))), {})
    assert balanced(images, 4).labels.tolist() == [0, 20, 39, 59]
    assert balanced(images, 4).ids.tolist() == [0, 60, 117, 177]
    assert np.bincount(balanced(images, 90).labels).tolist() == [2] * 30 + [1] * 30
