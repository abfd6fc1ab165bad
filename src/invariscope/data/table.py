"""Parquet tables: typed, with units, written so that equal content is equal bytes; and images to tensors and back."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from invariscope.errors import UserError
from invariscope.files import replacing

if TYPE_CHECKING:
    import torch

SPLITS = ("train", "validation", "test")
ROWS_PER_GROUP = 4096
BYTES_PER_GROUP = 2**22  # of pixels: what is read at once of large images


class ImageSet(Protocol):
    """One split of a data set: in memory, on disk, or still to be made. All but its pixels is known at once."""

    @property
    def ids(self) -> np.ndarray: ...  # (N,) int64

    @property
    def labels(self) -> np.ndarray: ...  # (N,) int64

    @property
    def class_names(self) -> tuple[str, ...]: ...  # by label; there may be classes without images

    @property
    def factors(self) -> dict[str, np.ndarray]: ...  # each (N,) float64

    @property
    def shape(self) -> tuple[int, int, int]: ...  # channels, height, width

    def __len__(self) -> int: ...

    def at(self, places: np.ndarray) -> "Images":
        """The images at some places, in that order, in memory."""
        ...


@dataclass(frozen=True)
class Images:
    """One split of a data set, in memory. Pixels are raw bytes: normalisation belongs to the classifier."""

    ids: np.ndarray  # (N,) int64
    pixels: np.ndarray  # (N, C, H, W) uint8
    labels: np.ndarray  # (N,) int64
    class_names: tuple[str, ...]  # by label
    factors: dict[str, np.ndarray]  # each (N,) float64, NaN where a factor does not apply

    def __len__(self) -> int:
        return len(self.ids)

    def tensors(self) -> "tuple[torch.Tensor, torch.Tensor]":
        """Images (N, C, H, W) float32 in [0, 1] and labels (N,) int64."""
        import torch

        return torch.from_numpy(self.pixels).float().div_(255), torch.from_numpy(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    def at(self, places: np.ndarray) -> "Images":
        """The images at some places, in that order."""
        return replace(self, pixels=self.pixels[places], **_known(self, places))

    def only(self, places: np.ndarray) -> "Images":
        """The same as `at`: these are in memory."""
        return self.at(places)


@dataclass(frozen=True)
class StoredImages:
    """One split of a data set on disk: all but its pixels is in memory."""

    ids: np.ndarray  # (N,) int64
    rows: np.ndarray  # (N,) int64, where in the file
    labels: np.ndarray  # (N,) int64
    class_names: tuple[str, ...]  # by label
    factors: dict[str, np.ndarray]  # each (N,) float64, NaN where a factor does not apply
    shape: tuple[int, int, int]  # channels, height, width
    groups: "RowGroups" = field(compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, places: np.ndarray) -> "StoredImages":
        """The images at some places, in that order, left on disk."""
        return replace(self, rows=self.rows[places], **_known(self, places))

    def at(self, places: np.ndarray) -> Images:
        """Read the images at some places, in that order. Each row group that holds one of them is read once.

        Raises UserError if the file is damaged. A set read block by block is read fastest in the order of its places.
        """
        known = _known(self, places)
        pixels = np.empty((len(known["ids"]), *self.shape), np.uint8)
        for group, here, rows in self.groups.holding(self.rows[places]):
            pixels[here] = self.groups.pixels(group, self.shape)[rows]
        return Images(pixels=pixels, class_names=self.class_names, **known)


class RowGroups:
    """The images of a Parquet file by row group. The last group read is kept, for the next block of a pass."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with readable(path):
            self.metadata = pq.read_metadata(path)
        sizes = [self.metadata.row_group(group).num_rows for group in range(self.metadata.num_row_groups)]
        self.starts = np.cumsum([0, *sizes])  # in rows of the file
        self.last = (-1, np.empty(0, np.uint8))

    def holding(self, rows: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """The groups that hold rows of the file, each with the places of these among `rows`, and in the group."""
        groups = np.searchsorted(self.starts, rows, side="right") - 1
        for group in np.unique(groups).tolist():
            here = np.flatnonzero(groups == group)
            yield group, here, rows[here] - self.starts[group]

    def pixels(self, group: int, shape: tuple[int, int, int]) -> np.ndarray:
        """(rows of the group, C, H, W) uint8, not writeable. Raises UserError if the file is damaged."""
        if self.last[0] != group:
            self.last = (-1, np.empty(0, np.uint8))  # so that two are never in memory
            with readable(self.path):
                with pq.ParquetFile(self.path, metadata=self.metadata, page_checksum_verification=True) as file:
                    pixels = column_images(file.read_row_group(group, columns=["image"])["image"])
                if pixels.shape != (self.starts[group + 1] - self.starts[group], *shape):
                    raise ValueError("a row group is not of the size that its footer says")
            self.last = (group, pixels)
        return self.last[1]


Split = TypeVar("Split", Images, StoredImages)


def balanced(images: Split, limit: int) -> Split:
    """At most `limit` images, as equally many of each class as there are: every class has the same weight.

    If there are more classes than that, one image each of classes spread evenly over their list. No pixel is read.
    """
    return images.only(balanced_places(images.labels, limit))


def balanced_places(labels: np.ndarray, limit: int) -> np.ndarray:
    """Places (n,), ascending, of the first images of each class, at most `limit` of all."""
    present, first, label = np.unique(labels, return_index=True, return_inverse=True)
    if limit < len(present):
        return np.sort(first[np.linspace(0, len(present) - 1, limit).round().astype(int)])
    by_class = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), dtype=np.int64)  # of an image within its class
    counts = np.bincount(label)
    rank[by_class] = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.sort(np.lexsort((labels, rank))[:limit])


def _known(images: Images | StoredImages, places: np.ndarray) -> dict[str, Any]:
    """Ids, labels and factors at some places."""
    factors = {name: values[places] for name, values in images.factors.items()}
    return {"ids": images.ids[places], "labels": images.labels[places], "factors": factors}


def image_column(images: np.ndarray) -> pa.ExtensionArray:
    """(N, ...) uint8 or float32 array -> a column of fixed-shape tensors."""
    # Not from_numpy_ndarray: it reads a permutation of the axes out of the strides, which an axis of length 1 fools.
    values = pa.array(np.ascontiguousarray(images).reshape(-1))
    storage = pa.FixedSizeListArray.from_arrays(values, int(np.prod(images.shape[1:])))
    return pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(values.type, images.shape[1:]), storage)


def column_images(column: pa.ChunkedArray) -> np.ndarray:
    """The inverse of `image_column`."""
    values = column.combine_chunks().storage.flatten()  # to_numpy_ndarray fails on some slices
    return values.to_numpy().reshape(len(column), *column.type.shape)


def rows_with_images(table: pa.Table) -> list[dict[str, Any]]:
    """The rows of a table, their column `image` as arrays (C, H, W) uint8."""
    rows = table.drop_columns(["image"]).to_pylist()
    return [row | {"image": image} for row, image in zip(rows, column_images(table["image"]), strict=True)]


def write_table(path: Path, columns: Mapping[str, Any], units: Mapping[str, str] | None = None) -> None:
    """Write columns (arrays, lists, pyarrow arrays, chunked or not) as one zstd Parquet file, atomically.

    `units` go into the metadata of their columns (key `unit`): "px", "degrees", "fraction", ... Every page has a
    checksum, which `read_table` verifies.
    """
    table = _table(columns, units)
    _write(path, table.schema, [table])


def _table(columns: Mapping[str, Any], units: Mapping[str, str] | None) -> pa.Table:
    units = units or {}
    unknown = set(units) - set(columns)
    if unknown:
        raise ValueError(f"units for columns that are not there: {sorted(unknown)}")
    arrays = {
        name: values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
        for name, values in columns.items()
    }
    schema = pa.schema([_field(name, array.type, units) for name, array in arrays.items()])
    return pa.Table.from_arrays(list(arrays.values()), schema=schema)


def _field(name: str, kind: pa.DataType, units: Mapping[str, str]) -> pa.Field:
    return pa.field(name, kind, metadata={"unit": units[name]} if name in units else None)


def _write(
    path: Path, schema: pa.Schema, tables: Iterable[pa.Table], rows_per_group: int | None = ROWS_PER_GROUP
) -> None:
    """Write tables one after the other into one file, each as row groups of its own: only one is held at a time."""
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", store_schema=True, write_page_checksum=True) as writer,
    ):
        for table in tables:
            writer.write_table(table, row_group_size=rows_per_group or max(1, len(table)))


def write_groups(path: Path, groups: Iterable[Mapping[str, Any]], units: Mapping[str, str] | None = None) -> None:
    """`write_table` for columns that come part by part: each becomes a row group, and only one is held at a time."""
    parts = iter(groups)
    first = _table(next(parts), units)
    _write(path, first.schema, chain([first], (_table(part, units) for part in parts)), rows_per_group=None)


def read_groups(path: Path, columns: Sequence[str], groups: Sequence[int] | None = None) -> Iterator[pa.Table]:
    """Row groups of a Parquet file (all, or some by number), one at a time. Raises UserError as `read_table` does."""
    with readable(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
        _require(path, file.schema_arrow.names, columns)
        for group in range(file.num_row_groups) if groups is None else groups:
            yield file.read_row_group(group, columns=list(columns))


def write_rows(
    path: Path, rows: Sequence[Mapping[str, Any]], units: Mapping[str, str] | None = None, numbers: Iterable[str] = ()
) -> None:
    """`write_table` for a list of rows; what a row lacks is null. `numbers` are float64, also where none has one.

    Arrays of two axes or more, of one shape and in every row, become a column of tensors.
    """
    if not rows:
        raise ValueError(f"{path}: no rows; a table must have its columns typed")
    columns: dict[str, Any] = {name: [row.get(name) for row in rows] for name in dict.fromkeys(chain(*rows))}
    columns |= {name: pa.array([row.get(name) for row in rows], pa.float64()) for name in numbers}
    tensors = [name for name, values in columns.items() if getattr(values[0], "ndim", 0) > 1]
    write_table(path, columns | {name: image_column(np.stack(columns[name])) for name in tensors}, units)


def read_table(path: Path, columns: Iterable[str] | None = None, filters: Any = None) -> pa.Table:
    """Read a Parquet file. Raises UserError if it is missing, damaged, or lacks a column."""
    with readable(path):
        wanted = None if columns is None else list(columns)
        _require(path, pq.read_schema(path).names, wanted or ())
        return pq.read_table(path, columns=wanted, filters=filters, page_checksum_verification=True)


def _require(path: Path, names: Iterable[str], columns: Iterable[str]) -> None:
    """Raises UserError if a file lacks a column."""
    if missing := sorted(set(columns) - set(names)):
        raise UserError(f"{path}: has no column {missing[0]!r}; it has {', '.join(sorted(names))}")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turn what reading a Parquet file may raise into a UserError: it is missing, or damaged."""
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; `snakemake --cores 2 {path}` makes it") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: is not a readable Parquet file ({reason}); delete it and run again") from None


def write_data(
    path: Path,
    splits: Mapping[str, ImageSet],
    factor_units: Mapping[str, str] | None = None,
    track: Callable[[Iterable[int], str, int], Iterable[int]] = lambda starts, *_: starts,
) -> None:
    """Write a data set: id, split, label, class_name, image, and a column a factor (prefix `factor_`).

    Pixels are asked for and written a row group at a time, so that a data set larger than memory passes through. The
    names of all classes, also of those without images, are in the schema's metadata (key `class_names`, JSON). `track`
    is told of the passage of each split's groups (`progress.track`).
    """
    first = next(iter(splits.values()))
    if any(part.class_names != first.class_names for part in splits.values()):
        raise ValueError("class names differ between splits; a label must mean the same in all")
    units = {f"factor_{factor}": unit for factor, unit in (factor_units or {}).items()}
    units["image"] = "0-255, (channel, row, column)"
    kinds = {"id": pa.int64(), "split": pa.string(), "label": pa.int64(), "class_name": pa.string()}
    kinds["image"] = pa.fixed_shape_tensor(pa.uint8(), first.shape)
    kinds |= {f"factor_{factor}": pa.float64() for factor in first.factors}
    fields = [_field(name, kind, units) for name, kind in kinds.items()]
    schema = pa.schema(fields, {"class_names": json.dumps(first.class_names, ensure_ascii=False)})
    _write(path, schema, (_group(part, schema) for part in _parts(splits, track)))


def _parts(splits: Mapping[str, ImageSet], track: Callable) -> Iterator[tuple[str, Images]]:
    """The images of all splits, a row group at a time."""
    for split, images in splits.items():
        size = min(ROWS_PER_GROUP, max(1, BYTES_PER_GROUP // int(np.prod(images.shape))))
        starts = range(0, len(images), size)
        for start in track(starts, f"{split}, blocks of {size} images", len(starts)):
            yield split, images.at(np.arange(start, min(start + size, len(images))))


def _group(part: tuple[str, Images], schema: pa.Schema) -> pa.Table:
    split, images = part
    columns = {
        "id": images.ids,
        "split": [split] * len(images),
        "label": images.labels,
        "class_name": np.array(images.class_names)[images.labels],
        "image": image_column(images.pixels),
        **{f"factor_{factor}": values for factor, values in images.factors.items()},
    }
    arrays = [
        columns[name] if name == "image" else pa.array(columns[name], schema.field(name).type) for name in schema.names
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def open_data(path: Path, split: str) -> StoredImages:
    """One split of a data set, its pixels left on disk. Raises UserError if it has none, or is no data set.

    Labels mean the same in every split, and there may be classes without images.
    """
    with readable(path):
        schema = pq.read_schema(path)
    factors = [name for name in schema.names if name.startswith("factor_")]
    index = read_table(path, ("id", "split", "label", "class_name", *factors))
    rows = np.flatnonzero(pc.equal(index["split"], split).fill_null(False).to_numpy())
    if not len(rows):
        present = ", ".join(sorted(index["split"].unique().to_pylist()))
        raise UserError(f"{path}: has no images in split {split!r}; it has {present or 'no images at all'}")
    if "image" not in schema.names or not isinstance(schema.field("image").type, pa.FixedShapeTensorType):
        raise UserError(f"{path}: its column 'image' holds no images of one shape; delete it and run again")
    return StoredImages(
        ids=index["id"].to_numpy()[rows],
        rows=rows,
        labels=index["label"].to_numpy()[rows],
        class_names=_class_names(path, index),
        factors={name.removeprefix("factor_"): index[name].to_numpy()[rows] for name in factors},
        shape=tuple(schema.field("image").type.shape),
        groups=RowGroups(path),
    )


def read_data(path: Path, split: str, limit: int | None = None) -> Images:
    """Read one split (the first `limit` images of it) into memory. Raises UserError as `open_data` does."""
    stored = open_data(path, split)
    return stored.at(np.arange(len(stored))[:limit])


def _class_names(path: Path, index: pa.Table) -> tuple[str, ...]:
    """Class names by label: those in the schema's metadata, else of the rows, in which every class must be then.

    Raises UserError if labels are not 0, 1, 2, ... with one name each.
    """
    pairs = index.group_by(["label", "class_name"]).aggregate([]).sort_by("label").to_pylist()
    if written := (index.schema.metadata or {}).get(b"class_names"):
        with readable(path):
            listed = json.loads(written)
        names = dict(enumerate(listed)) if isinstance(listed, list) else {}
        right = all(names.get(pair["label"]) == pair["class_name"] for pair in pairs)
    else:
        names = {pair["label"]: pair["class_name"] for pair in pairs}
        right = [pair["label"] for pair in pairs] == list(range(len(pairs)))
    if not right:
        raise UserError(f"{path}: its labels are not 0, 1, 2, ... with one class name each; delete it and run again")
    return tuple(names.values())


def monitored_split(path: Path) -> str:
    """The split that a training is judged on as it goes: validation if the data have one, else test."""
    return "validation" if "validation" in read_table(path, ["split"])["split"].unique().to_pylist() else "test"
