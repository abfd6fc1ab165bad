"""Parquet tables: typed, with units, written so that equal content is equal bytes; and images to tensors and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from invariscope.errors import UserError
from invariscope.files import replacing

if TYPE_CHECKING:
    import torch

SPLITS = ("train", "validation", "test")
ROWS_PER_GROUP = 4096


@dataclass(frozen=True)
class Images:
    """One split of a data set. Pixels are raw bytes: normalisation belongs to the classifier."""

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


def balanced(images: Images, limit: int) -> Images:
    """At most `limit` images, as equally many of each class as there are: every class has the same weight.

    If there are more classes than that, one image each of classes spread evenly over their list.
    """
    present = np.unique(images.labels)
    if limit < len(present):
        chosen = present[np.linspace(0, len(present) - 1, limit).round().astype(int)]
        return taken(images, np.sort([np.flatnonzero(images.labels == label)[0] for label in chosen]))
    rank = np.empty(len(images), dtype=np.int64)  # of an image within its class
    for label in present:
        members = np.flatnonzero(images.labels == label)
        rank[members] = np.arange(len(members))
    return taken(images, np.sort(np.lexsort((images.labels, rank))[:limit]))


def taken(images: Images, places: np.ndarray) -> Images:
    """The images at some places, in that order."""
    return replace(
        images,
        ids=images.ids[places],
        pixels=images.pixels[places],
        labels=images.labels[places],
        factors={name: values[places] for name, values in images.factors.items()},
    )


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


def write_table(path: Path, columns: Mapping[str, Any], units: Mapping[str, str] | None = None) -> None:
    """Write columns (arrays, lists, pyarrow arrays, chunked or not) as one zstd Parquet file, atomically.

    `units` go into the metadata of their columns (key `unit`): "px", "degrees", "fraction", ... Every page has a
    checksum, which `read_table` verifies.
    """
    units = units or {}
    unknown = set(units) - set(columns)
    if unknown:
        raise ValueError(f"units for columns that are not there: {sorted(unknown)}")
    arrays = {
        name: values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
        for name, values in columns.items()
    }
    fields = [
        pa.field(name, array.type, metadata={"unit": units[name]} if name in units else None)
        for name, array in arrays.items()
    ]
    table = pa.Table.from_arrays(list(arrays.values()), schema=pa.schema(fields))
    with replacing(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            row_group_size=ROWS_PER_GROUP,
            store_schema=True,
            write_page_checksum=True,
        )


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], units: Mapping[str, str] | None = None) -> None:
    """`write_table` for a list of rows; what a row lacks is null."""
    if not rows:
        raise ValueError(f"{path}: no rows; a table must have its columns typed")
    names = dict.fromkeys(name for row in rows for name in row)
    write_table(path, {name: [row.get(name) for row in rows] for name in names}, units)


def read_table(path: Path, columns: Iterable[str] | None = None, filters: Any = None) -> pa.Table:
    """Read a Parquet file. Raises UserError if it is missing, damaged, or lacks a column."""
    try:
        names = set(pq.read_schema(path).names)
        missing = sorted(set(columns or ()) - names)
        if missing:
            raise UserError(f"{path}: has no column {missing[0]!r}; it has {', '.join(sorted(names))}")
        wanted = None if columns is None else list(columns)
        return pq.read_table(path, columns=wanted, filters=filters, page_checksum_verification=True)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; `snakemake --cores 2 {path}` makes it") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: is not a readable Parquet file ({reason}); delete it and run again") from None


def write_data(path: Path, splits: Mapping[str, Images], factor_units: Mapping[str, str] | None = None) -> None:
    """Write a data set: id, split, label, class_name, image, and a column a factor (prefix `factor_`)."""
    parts = list(splits.values())
    if any(part.class_names != parts[0].class_names for part in parts):
        raise ValueError("class names differ between splits; a label must mean the same in all")
    names = np.array(parts[0].class_names)
    labels = np.concatenate([part.labels for part in parts])
    columns: dict[str, Any] = {
        "id": np.concatenate([part.ids for part in parts]),
        "split": np.concatenate([[split] * len(part) for split, part in splits.items()]),
        "label": labels,
        "class_name": names[labels],
        "image": pa.chunked_array([image_column(part.pixels) for part in parts]),  # no copy: they may be large
    }
    for factor in parts[0].factors:
        columns[f"factor_{factor}"] = np.concatenate([part.factors[factor] for part in parts])
    units = {f"factor_{factor}": unit for factor, unit in (factor_units or {}).items()}
    write_table(path, columns, units={"image": "0-255, (channel, row, column)", **units})


def read_data(path: Path, split: str, limit: int | None = None) -> Images:
    """Read one split (the first `limit` images of it). Raises UserError if it has none, or is no data set.

    Class names come from the whole table, so that labels mean the same in every split.
    """
    index = read_table(path, ("id", "split", "label", "class_name"))
    table = read_table(path, filters=[("split", "=", split)]).slice(0, limit)
    if not len(table):
        present = ", ".join(sorted(index["split"].unique().to_pylist()))
        raise UserError(f"{path}: has no images in split {split!r}; it has {present or 'no images at all'}")
    if "image" not in table.column_names or not isinstance(table["image"].type, pa.FixedShapeTensorType):
        raise UserError(f"{path}: its column 'image' holds no images of one shape; delete it and run again")
    return Images(
        ids=table["id"].to_numpy(),
        pixels=column_images(table["image"]).copy(),
        labels=table["label"].to_numpy().copy(),  # torch wants arrays that it could write
        class_names=_class_names(path, index),
        factors={
            name.removeprefix("factor_"): table[name].to_numpy()
            for name in table.column_names
            if name.startswith("factor_")
        },
    )


def _class_names(path: Path, index: pa.Table) -> tuple[str, ...]:
    """Class names by label. Raises UserError if labels are not 0, 1, 2, ... with one name each."""
    pairs = index.group_by(["label", "class_name"]).aggregate([]).sort_by("label")
    if pairs["label"].to_pylist() != list(range(len(pairs))):
        raise UserError(f"{path}: its labels are not 0, 1, 2, ... with one class name each; delete it and run again")
    return tuple(pairs["class_name"].to_pylist())


def monitored_split(path: Path) -> str:
    """The split that a training is judged on as it goes: validation if the data have one, else test."""
    return "validation" if "validation" in read_table(path, ["split"])["split"].unique().to_pylist() else "test"
