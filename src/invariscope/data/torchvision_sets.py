"""MNIST, Fashion-MNIST, KMNIST and CIFAR-10 from torchvision's folder (`data_root`), downloaded where that is allowed.

The files are read here: importing torchvision takes seconds, and is needed to download only.
"""

import gzip
import io
import pickle
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.params import build

SECONDS = 20.0  # of silence after which a download is given up
IDX_FILES = {"train": "train", "test": "t10k"}
BATCHES = {"train": tuple(f"data_batch_{number}" for number in range(1, 6)), "test": ("test_batch",)}
DIGITS = tuple("0123456789")
# What a pickled array is made of.
ARRAY_PARTS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("_codecs", "encode"),
}


@dataclass(frozen=True)
class Source:
    """A data set of torchvision: its class there, its folder under the root, its classes by label."""

    torchvision: str
    folder: str
    class_names: tuple[str, ...]


SETS = {
    "mnist": Source("MNIST", "MNIST/raw", DIGITS),
    "fashion_mnist": Source(
        "FashionMNIST",
        "FashionMNIST/raw",
        ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    ),
    "kmnist": Source("KMNIST", "KMNIST/raw", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")),
    "cifar10": Source(
        "CIFAR10",
        "cifar-10-batches-py",
        ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
}


@dataclass(frozen=True)
class Config:
    """`train` and `test`: take only so many images, the first ones."""

    source: str
    train: int | None = None
    test: int | None = None


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> dict[str, Images]:
    """`train` and `test` images as published. Raises UserError if they are neither there nor to be had."""
    wanted = build(Config, config)
    source = SETS[wanted.source]
    read = _read_cifar if wanted.source == "cifar10" else _read_idx
    if missing := _missing(source, data_root):
        _download(source, data_root, missing)
    splits, start = {}, 0
    for split, limit in (("train", wanted.train), ("test", wanted.test)):
        pixels, labels = (part[:limit] for part in read(data_root / source.folder, split))
        splits[split] = Images(np.arange(start, start + len(labels)), pixels, labels, source.class_names, {})
        start += len(labels)
    return splits


# --- files ------------------------------------------------------------------------------------------------------------


def _missing(source: Source, root: Path) -> list[str]:
    """Names of files that are not there."""
    if source.torchvision == "CIFAR10":
        names = [name for batches in BATCHES.values() for name in batches]
        return [name for name in names if not (root / source.folder / name).is_file()]
    names = [f"{prefix}-{kind}" for prefix in IDX_FILES.values() for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")]
    return [name for name in names if _packed_or_not(root / source.folder / name) is None]


def _packed_or_not(path: Path) -> Path | None:
    packed = path.with_name(path.name + ".gz")
    return next((candidate for candidate in (path, packed) if candidate.is_file()), None)


def _read_idx(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 1, H, W) uint8 and labels (N,) int64 of MNIST's file format."""
    images = _idx(folder / f"{IDX_FILES[split]}-images-idx3-ubyte", 3)
    labels = _idx(folder / f"{IDX_FILES[split]}-labels-idx1-ubyte", 1)
    _check(folder, split, images, labels)
    return images[:, None].copy(), labels.astype(np.int64)


def _idx(path: Path, dimensions: int) -> np.ndarray:
    """An array of bytes: a magic number, the sizes, and the values."""
    found = _packed_or_not(path) or path
    try:
        with gzip.open(found) if found.suffix == ".gz" else found.open("rb") as file:
            content = file.read()
        header = np.frombuffer(content, ">i4", 1 + dimensions)
        if header[0] != 0x0800 + dimensions:
            raise ValueError("it begins with another number")
        return np.frombuffer(content, np.uint8, offset=header.nbytes).reshape(header[1:])
    except (ValueError, EOFError, OSError) as error:
        raise UserError(f"{found}: is damaged ({error}); delete it and run again") from None


def _read_cifar(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, 3, 32, 32) uint8 and labels (N,) int64 of CIFAR's pickled batches."""
    images, labels = [], []
    for name in BATCHES[split]:
        try:
            batch = _PlainUnpickler(io.BytesIO((folder / name).read_bytes()), encoding="bytes").load()
            images.append(np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32))
            labels.append(np.asarray(batch[b"labels"], np.int64))
        except Exception as error:  # a damaged pickle can raise anything
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise UserError(f"{folder / name}: is damaged ({reason}); delete it and run again") from None
    pixels, joined = np.concatenate(images), np.concatenate(labels)
    _check(folder, split, pixels, joined)
    return pixels, joined


class _PlainUnpickler(pickle.Unpickler):
    """Arrays only: a pickle could otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module.replace("numpy._core", "numpy.core"), name) in ARRAY_PARTS:
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise pickle.UnpicklingError(f"it wants to load {module}.{name}")


def _check(folder: Path, split: str, images: np.ndarray, labels: np.ndarray) -> None:
    if len(images) != len(labels) or not len(labels) or labels.min() < 0 or labels.max() > 9:
        raise UserError(
            f"{folder}: images and labels of {split} do not belong together; delete the folder and run again"
        )


# --- download ---------------------------------------------------------------------------------------------------------


def _download(source: Source, root: Path, missing: list[str]) -> None:
    """Fetch a data set, all of it or nothing. Raises UserError saying what is missing and where it belongs."""
    folder = root / source.folder
    print(f"{folder}: {missing[0]} is missing; downloading {source.torchvision}", file=sys.stderr)
    try:
        with tempfile.TemporaryDirectory() as scratch, _quiet():
            from torchvision import datasets

            getattr(datasets, source.torchvision)(scratch, download=True)
            shutil.copytree(Path(scratch) / source.folder, folder, dirs_exist_ok=True)
    except Exception as error:  # torchvision raises whatever its mirrors do
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"{folder}: {', '.join(missing)} missing, and {source.torchvision} cannot be downloaded ({reason});"
            f" put the files there, or set data_root in params.yaml to the folder that holds {source.folder}"
        ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torchvision's own messages, and without waiting for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(SECONDS)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        socket.setdefaulttimeout(before)
