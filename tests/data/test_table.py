"""Parquet tables: what is written is what is read, and damage is noticed."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invariscope.data import table
from invariscope.data.table import (
    BYTES_PER_GROUP,
    Images,
    balanced,
    column_images,
    image_column,
    open_data,
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


# --- larger than memory -----------------------------------------------------------------------------------------------


@dataclass
class MadeImages:
    """Images made when they are asked for; how many were alive at the most is remembered."""

    whole: Images
    alive: list[weakref.ref] = field(default_factory=list)
    most_alive: int = 0

    def __getattr__(self, name: str):  # type: ignore[no-untyped-def]
        return getattr(self.whole, name)

    def __len__(self) -> int:
        return len(self.whole)

    def at(self, places: np.ndarray) -> Images:
        made = self.whole.at(places)
        self.alive.append(weakref.ref(made.pixels))
        alive = [pixels for reference in self.alive if (pixels := reference()) is not None]
        self.most_alive = max(self.most_alive, sum(map(len, alive)))
        return made


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> int:
    """Row groups of 8 images of `images`."""
    monkeypatch.setattr(table, "BYTES_PER_GROUP", 8 * 3 * 5 * 7 + 50)
    return 8


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The rows of each read of pixels from then on."""
    rows: list[int] = []
    read = pq.ParquetFile.read_row_group

    def recorded(file, group: int, **options):  # type: ignore[no-untyped-def]
        found = read(file, group, **options)
        rows.append(len(found))
        return found

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", recorded)
    yield rows


def test_a_data_set_is_written_a_group_at_a_time(tmp_path: Path, small_groups: int) -> None:
    splits = {"train": images(30), "test": images(9, first=30)}
    made = {split: MadeImages(part) for split, part in splits.items()}
    passed: list[str] = []

    def track(starts, label: str, total: int) -> Iterator[int]:  # type: ignore[no-untyped-def]
        passed.append(f"{label}: {total}")
        yield from starts

    write_data(tmp_path / "made.parquet", made, {"angle": "degrees"}, track)
    write_data(tmp_path / "whole.parquet", splits, {"angle": "degrees"})
    assert (tmp_path / "made.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    groups = pq.read_metadata(tmp_path / "made.parquet")
    assert [groups.row_group(index).num_rows for index in range(groups.num_row_groups)] == [8, 8, 8, 6, 8, 1]
    assert small_groups <= made["train"].most_alive <= 2 * small_groups
    assert passed == ["train, blocks of 8 images: 4", "test, blocks of 8 images: 2"]


def test_images_left_on_disk_are_those_in_memory(tmp_path: Path, small_groups: int, reads: list[int]) -> None:
    path, splits = data_file(tmp_path)
    for split, written in splits.items():
        stored = open_data(path, split)
        assert (len(stored), stored.shape, stored.class_names) == (len(written), (3, 5, 7), NAMES)
        assert reads == []
        places = np.random.default_rng(0).integers(0, len(stored), 40)  # some twice, in no order
        found, expected = stored.at(places), written.at(places)
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        for name in ("ids", "labels"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
            np.testing.assert_array_equal(getattr(stored, name), getattr(written, name))
        np.testing.assert_array_equal(found.factors["angle"], expected.factors["angle"])
        assert len(reads) == -(-len(stored) // small_groups)  # each group once, whatever the order
        reads.clear()
    assert len(stored.at(np.array([], np.int64)).pixels) == 0


def test_a_pass_reads_every_group_once_and_holds_one(tmp_path: Path, small_groups: int, reads: list[int]) -> None:
    write_data(tmp_path / "long.parquet", {"test": images(200)})
    stored = open_data(tmp_path / "long.parquet", "test")
    for start in range(0, len(stored), 3):
        stored.at(np.arange(start, min(start + 3, len(stored))))
        assert stored.groups.last[1].shape == (small_groups, 3, 5, 7)  # of 25 groups
    assert reads == [8] * 25


def test_balanced_reads_no_pixel(tmp_path: Path, small_groups: int, reads: list[int]) -> None:
    path, splits = data_file(tmp_path)
    chosen, expected = balanced(open_data(path, "train"), 7), balanced(splits["train"], 7)
    assert reads == []
    assert chosen.labels.tolist() == expected.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    np.testing.assert_array_equal(chosen.at(np.arange(7)).pixels, expected.pixels)
    again = balanced(chosen, 2)  # of what is left, not of the file
    np.testing.assert_array_equal(again.at(np.arange(2)).ids, balanced(expected, 2).ids)
    assert reads == [8]


def test_large_images_stand_in_small_groups(tmp_path: Path) -> None:
    large = Images(np.arange(60), np.zeros((60, 3, 500, 500), np.uint8), np.arange(60) % 3, NAMES, {})
    write_data(tmp_path / "large.parquet", {"test": large})
    first = pq.read_metadata(tmp_path / "large.parquet").row_group(0).num_rows
    assert first * 3 * 500 * 500 <= BYTES_PER_GROUP < (first + 1) * 3 * 500 * 500
    assert pq.read_metadata(data_file(tmp_path)[0]).row_group(0).num_rows == 30


def test_classes_need_no_images(tmp_path: Path) -> None:
    names = ("ant", "bee", "cow", "dög")
    few = replace(images(6), labels=np.array([1, 3, 1, 3, 1, 3]), class_names=names)
    write_data(tmp_path / "x.parquet", {"test": few, "train": replace(few, labels=np.ones(6, np.int64))})
    for split in ("test", "train"):
        assert open_data(tmp_path / "x.parquet", split).class_names == names
    assert read_data(tmp_path / "x.parquet", "test").labels.tolist() == few.labels.tolist()


def test_class_names_of_other_tables_come_from_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pixels = image_column(np.zeros((2, 1, 2, 2), np.uint8))
    columns = {"id": [0, 1], "split": ["train", "test"], "label": [0, 1], "class_name": ["a", "b"], "image": pixels}
    write_table(path, columns)
    assert read_data(path, "test").class_names == ("a", "b")
    for names in (b'["b", "a"]', b'["a"]', b"2", b"[", b"\xff"):  # what the schema says and the rows do not
        pq.write_table(pq.read_table(path).replace_schema_metadata({b"class_names": names}), tmp_path / "wrong.parquet")
        with pytest.raises(UserError, match=r"labels are not|not a readable"):
            read_data(tmp_path / "wrong.parquet", "test")
