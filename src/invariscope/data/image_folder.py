"""The user's own images: a folder a class, either under `train`, `validation` (or `val`) and `test`, or split here.

Files are read when a block of images is asked for, so that memory does not grow with their number.
"""

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from invariscope.data import published
from invariscope.data.class_index import ClassIndex, read_class_index
from invariscope.data.image_file import SUFFIXES, Rendition, Unreadable, decode, read_image
from invariscope.data.splits import in_turn, split_by_share
from invariscope.data.table import Images
from invariscope.errors import UserError, placed
from invariscope.params import build
from invariscope.progress import track
from invariscope.seeding import numpy_generator

SPLIT_FOLDERS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
NAMED = 5  # of files, in a message


@dataclass(frozen=True)
class Config:
    """`shorter_side` (px, default `size`) is what images are resized to, by `interpolation`, before the centre is
    cropped to `size`; `transforms` takes all three from torchvision's weights (`alexnet.IMAGENET1K_V1`). `classes`
    says which class of a network each folder is: a file, or torchvision's weights. The shares hold out images of a
    folder that is not split already; `test_share: 1` trains on none."""

    source: str
    folder: str
    size: int | None = None
    shorter_side: int | None = None
    interpolation: str = "bilinear"
    transforms: str | None = None
    classes: str | None = None
    channels: int = 3
    test_share: float = 0.2
    validation_share: float = 0.0


@dataclass(frozen=True)
class FolderImages:
    """One split of a folder: all but the pixels is known, and these are read from their files when asked for."""

    ids: np.ndarray  # (N,) int64, into `found.files`
    labels: np.ndarray  # (N,) int64
    class_names: tuple[str, ...]  # by label
    found: "Found"
    rendition: Rendition
    factors: dict[str, np.ndarray] = field(default_factory=dict)  # none is known

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.rendition.channels, self.rendition.size, self.rendition.size

    def at(self, places: np.ndarray) -> Images:
        """Read the images at some places. Raises UserError naming every unreadable file of the folder, if one is."""
        ids = self.ids[places]
        pixels = np.empty((len(ids), *self.shape), np.uint8)
        with warnings.catch_warnings(action="ignore"):  # Pillow's, of palettes, damaged EXIF entries and large files
            for place, number in enumerate(ids):
                path = self.found.files[number]
                try:
                    pixels[place] = read_image(Path(path), self.rendition)
                except Unreadable as error:
                    raise unreadable(self.found, path, str(error)) from None
        return Images(ids, pixels, self.labels[places], self.class_names, {})


@dataclass(frozen=True)
class Found:
    """The files of a folder, the classes of a split in sorted order one after the other."""

    root: Path
    files: list[str]
    labels: np.ndarray  # (N,) int64
    class_names: tuple[str, ...]  # by label


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> dict[str, FolderImages]:
    """Every split's images, the classes in turn. `data_root` is not needed.

    Raises UserError for a folder without classes, a class without images or unknown to `classes`, and when images are
    asked for and a file is none.
    """
    wanted = build(Config, config)
    rendition = rendition_of(wanted)
    if wanted.test_share + wanted.validation_share > 1:
        raise UserError("params.yaml: data.validation_share: it and test_share are more than 1 together")
    classes = read_class_index(wanted.classes) if wanted.classes else None
    found, splits = find_images(Path(wanted.folder), wanted, classes, seed)
    return {
        split: FolderImages(rows, found.labels[rows], found.class_names, found, rendition)
        for split, rows in splits.items()
    }


def rendition_of(wanted: Config) -> Rendition:
    """How files become images. Raises UserError if the parameters do not say."""
    if wanted.transforms:
        with placed("params.yaml: data.transforms"):
            size, shorter_side, interpolation = published.resizing(wanted.transforms)
        return Rendition(size, shorter_side, interpolation, wanted.channels)
    if wanted.size is None:
        raise UserError("params.yaml: data.size: is missing; give it in px, or transforms")
    if (wanted.shorter_side or wanted.size) < wanted.size:
        raise UserError(f"params.yaml: data.shorter_side: {wanted.shorter_side} is less than size ({wanted.size})")
    return Rendition(wanted.size, wanted.shorter_side or wanted.size, wanted.interpolation, wanted.channels)


def unreadable(found: Found, first: str, why: str) -> UserError:
    """The error that names all files of a folder that are no images. Every file but the `first` is read for it."""
    reasons = {first: why}
    others = [path for path in found.files if path != first]
    for path in track(others, f"{first} is unreadable; looking for others", len(others)):
        try:
            decode(Path(path), 1)
        except Unreadable as error:
            reasons[path] = str(error)
    if len(reasons) == 1:
        return UserError(f"{first}: is no readable image ({why}); mend or delete it")
    texts = [f"{Path(path).relative_to(found.root)} ({reason})" for path, reason in sorted(reasons.items())]
    return UserError(f"{found.root}: {len(texts)} files are no readable images: {_listed(texts)}; mend or delete them")


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return ", ".join(texts[:NAMED]) + more


# --- files and classes ------------------------------------------------------------------------------------------------


def find_images(
    root: Path, wanted: Config, classes: ClassIndex | None, seed: int
) -> tuple[Found, dict[str, np.ndarray]]:
    """The files of a folder, and the rows of each split. Files that are not used are named on stderr, in one line."""
    if not root.is_dir():
        raise UserError(f"{root}: no such folder; put a folder of images per class there, or mend data.folder")
    folders = {SPLIT_FOLDERS[path.name]: path for path in _folders(root) if path.name in SPLIT_FOLDERS}
    if not any(_folders(folder) for folder in folders.values()):
        found = _classes(root, classes)
        shares = {"validation": wanted.validation_share, "test": wanted.test_share}
        chosen = {split: share for split, share in shares.items() if share}
        with placed(root):
            generator = numpy_generator(seed, "image_folder")
            return found, split_by_share(found.labels, chosen, found.class_names, generator)
    if "test" not in folders:
        raise UserError(
            f"{root}: has {', '.join(sorted(folders))} but no folder test; add it (or rename another to it)"
        )
    parts = {split: _classes(folder, classes) for split, folder in folders.items()}
    names = parts["test"].class_names
    for split, part in parts.items():
        if different := sorted(set(names) ^ set(part.class_names)):
            raise UserError(f"{folders[split]}: class {different[0]!r} is in one of it and {folders['test']} only")
    found = Found(
        root,
        [path for part in parts.values() for path in part.files],
        np.concatenate([part.labels for part in parts.values()]),
        names,
    )
    bounds = np.cumsum([0, *(len(part.labels) for part in parts.values())])
    return found, {
        split: in_turn(np.arange(start, stop), found.labels)
        for split, start, stop in zip(parts, bounds[:-1], bounds[1:], strict=True)
    }


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def _classes(root: Path, classes: ClassIndex | None) -> Found:
    """The images of a folder with a folder of images per class; labels in the order of the folders, or by `classes`."""
    folders = _folders(root)
    if not folders:
        raise UserError(f"{root}: has no folders; put the images of each class into a folder of its own")
    labels = _labels(root, folders, classes)
    skipped = [path.name for path in sorted(root.iterdir()) if path.is_file() and not path.name.startswith(".")]
    files = {folder.name: _images(folder, skipped) for folder in folders}
    if skipped:
        what = "skipped what lies in no class folder or has no image's suffix"
        print(f"{root}: {what}: {_listed(skipped)}", file=sys.stderr)
    empty = [name for name, paths in files.items() if not paths]
    if empty:
        kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        also = f", and so {_listed(empty[1:])}" if len(empty) > 1 else ""
        raise UserError(f"{root / empty[0]}: has no images ({kinds}){also}; add some or delete the folder")
    counts = [len(paths) for paths in files.values()]
    names = classes.class_names() if classes else tuple(files)
    return Found(root, [path for paths in files.values() for path in paths], np.repeat(labels, counts), names)


def _labels(root: Path, folders: Sequence[Path], classes: ClassIndex | None) -> list[int]:
    """The class of each folder. Raises UserError for one that is in no mapping, and for two of one class."""
    if classes is None:
        return list(range(len(folders)))
    owners: dict[int, Path] = {}
    for folder in folders:
        with placed(folder):
            label = classes.index_of(folder.name)
            if label in owners:
                raise UserError(f"is the same class as {owners[label].name}; put them into one folder")
        owners[label] = folder
    return list(owners)


def _images(folder: Path, skipped: list[str]) -> list[str]:
    """Image files in and below a folder, sorted; others are added to `skipped`. What is hidden is neither."""
    found: list[Path] = []
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith("."))
        paths = [Path(place, name) for name in sorted(names) if not name.startswith(".")]
        found += [path for path in paths if path.suffix.lower() in SUFFIXES]
        skipped += [str(path.relative_to(folder.parent)) for path in paths if path.suffix.lower() not in SUFFIXES]
    return [str(path) for path in sorted(found)]
