"""The user's own images: a function `package.module:function` that gives them, split by split.

The module is imported from the working directory, or from what is installed. The function is called with the block's
`arguments`, and with those of `seed` and `data_root` (a Path) that it has parameters for. It gives a mapping of
`train`, `test` and, if there is one, `validation` to `Images` (or to any `ImageSet`, which need not be in memory).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from invariscope import own_function
from invariscope.data.table import ImageSet
from invariscope.errors import UserError, placed
from invariscope.params import build as build_config

SPLITS = ("train", "validation", "test")
NEEDED = {"train", "test"}


@dataclass(frozen=True)
class OwnImages:
    source: str  # package.module:function
    arguments: Mapping[str, Any] = field(default_factory=dict)


def draw(config: Mapping[str, Any], seed: int, data_root: Path) -> Mapping[str, ImageSet]:
    """Raises UserError if there is no such function, it fails, or what it gives are no images of classes."""
    settings = build_config(OwnImages, config)
    with placed(f"source: {settings.source}"):
        splits = own_function.call(settings.source, settings.arguments, {"seed": seed, "data_root": data_root})
        if not isinstance(splits, Mapping) or not NEEDED <= splits.keys() <= set(SPLITS):
            raise UserError("must give a mapping of train, test and, if there is one, validation to images")
        for name, images in splits.items():
            with placed(name):
                check(images, splits["train"])
    return splits


def check(images: Any, train: ImageSet) -> None:
    """Raises UserError unless `images` are square, of classes, and like those of `train`."""
    for name in ("ids", "labels", "class_names", "factors", "shape", "at"):
        if not hasattr(images, name):
            raise UserError(f"is a {type(images).__name__} without {name!r}; give invariscope.data.table.Images")
    if not len(images):
        raise UserError("has no images")
    channels, height, width = images.shape
    if channels not in (1, 3) or height != width:
        raise UserError(f"has images of {channels} x {height} x {width}; they must be square, of 1 or 3 channels")
    if (tuple(images.class_names), images.shape) != (tuple(train.class_names), train.shape):
        raise UserError("has other classes, or images of another shape, than train")
    if len(np.unique(images.ids)) != len(images.ids):
        raise UserError("has ids that occur twice; they tell images apart")
    outside = (images.labels < 0) | (images.labels >= len(images.class_names))
    if outside.any():
        raise UserError(f"has the label {images.labels[outside][0]}, of {len(images.class_names)} classes from 0")
    if images.at(np.arange(1)).pixels.dtype != np.uint8:
        raise UserError("has pixels that are no uint8, 0 to 255")
