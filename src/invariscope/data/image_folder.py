"""The user's own images: a folder a class, either under `train`, `validation` (or `val`) and `test`, or split here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from invariscope.data.splits import in_turn, split_by_share
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.params import build
from invariscope.progress import track
from invariscope.seeding import numpy_generator

SPLIT_FOLDERS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
MODES = {1: "L", 3: "RGB"}


@dataclass(frozen=True)
class Config:
    """`shorter_side` (px, default `size`) is what images are resized to before the centre is cropped to `size`.
    The shares hold out images of a folder that is not split already; `test_share: 1` trains on none."""

    source: str
    folder: str
    size: int
    shorter_side: int | None = None
    channels: int = 3
    test_share: float = 0.2
    validation_share: float = 0.0


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> dict[str, Images]:
    """Every split's images, the classes in turn. `data_root` is not needed.

    Raises UserError for a folder without classes, a class without images, and a file that is no image.
    """
    wanted = build(Config, config)
    if (wanted.shorter_side or wanted.size) < wanted.size:
        raise UserError(f"params.yaml: data.shorter_side: {wanted.shorter_side} is less than size ({wanted.size})")
    if wanted.test_share + wanted.validation_share > 1:
        raise UserError("params.yaml: data.validation_share: it and test_share are more than 1 together")
    files, labels, names, splits = find_images(Path(wanted.folder), wanted, seed)
    pixels = {split: _read([files[row] for row in rows], wanted, split) for split, rows in splits.items()}
    return {split: Images(rows, pixels[split], labels[rows], names, {}) for split, rows in splits.items()}


def find_images(
    root: Path, wanted: Config, seed: int
) -> tuple[list[Path], np.ndarray, tuple[str, ...], dict[str, np.ndarray]]:
    """Files in sorted order, their labels (N,), class names, and the rows of each split."""
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; put a folder of images per class there, or mend data.folder")
    folders = {SPLIT_FOLDERS[path.name]: path for path in _folders(root) if path.name in SPLIT_FOLDERS}
    if not any(_folders(folder) for folder in folders.values()):
        files, labels, names = _classes(root)
        shares = {"validation": wanted.validation_share, "test": wanted.test_share}
        chosen = {split: share for split, share in shares.items() if share}
        return files, labels, names, _split(root, labels, chosen, names, seed)
    if "test" not in folders:
        raise UserError(
            f"{root}: has {', '.join(sorted(folders))} but no folder test; add it (or rename another to it)"
        )
    found = {split: _classes(folder) for split, folder in folders.items()}
    names = found["test"][2]
    for split, (_, _, others) in found.items():
        if different := sorted(set(names) ^ set(others)):
            raise UserError(f"{folders[split]}: class {different[0]!r} is in one of it and {folders['test']} only")
    joined = np.concatenate([labels for _, labels, _ in found.values()])
    bounds = np.cumsum([0, *(len(labels) for _, labels, _ in found.values())])
    rows = {
        split: in_turn(np.arange(start, stop), joined)
        for split, start, stop in zip(found, bounds[:-1], bounds[1:], strict=True)
    }
    return [path for files, _, _ in found.values() for path in files], joined, names, rows


def _split(
    root: Path, labels: np.ndarray, shares: dict[str, float], names: tuple[str, ...], seed: int
) -> dict[str, np.ndarray]:
    try:
        return split_by_share(labels, shares, names, numpy_generator(seed, "image_folder"))
    except UserError as error:
        raise UserError(f"{root}: {error}") from None


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _classes(root: Path) -> tuple[list[Path], np.ndarray, tuple[str, ...]]:
    """Files, labels and class names of a folder with a folder of images per class."""
    classes = _folders(root)
    if not classes:
        raise UserError(f"{root}: has no folders; put the images of each class into a folder of its own")
    files = {folder.name: _images(folder) for folder in classes}
    for name, paths in files.items():
        if not paths:
            kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
            raise UserError(f"{root / name}: has no images ({kinds}); add some or delete the folder")
    labels = np.repeat(np.arange(len(files)), [len(paths) for paths in files.values()])
    return [path for paths in files.values() for path in paths], labels, tuple(files)


def _images(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )


def _read(files: list[Path], wanted: Config, split: str) -> np.ndarray:
    """(N, C, size, size) uint8: one image at a time into its place, so that memory holds the result only."""
    pixels = np.empty((len(files), wanted.channels, wanted.size, wanted.size), np.uint8)
    paths: Iterable[Path] = track(files, f"reading {split} images", len(files))
    for row, path in enumerate(paths):
        pixels[row] = read_image(path, wanted.size, wanted.shorter_side or wanted.size, wanted.channels)
    return pixels


def read_image(path: Path, size: int, shorter_side: int, channels: int) -> np.ndarray:
    """(C, size, size) uint8: resized so that the shorter side is `shorter_side` px, its centre cropped."""
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            if upright.mode.startswith("I"):  # 16 bits; Pillow would clip instead of scaling
                upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
            image = upright.convert(MODES[channels])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: is no readable image ({reason}); mend or delete it") from None
    side = min(image.size) * size / shorter_side
    left, top = ((length - side) / 2 for length in image.size)
    cropped = image.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + side, top + side))
    return np.asarray(cropped).reshape(size, size, channels).transpose(2, 0, 1)
