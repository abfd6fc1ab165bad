"""How a location takes shape: the strongest activation after every layer of the mirrors, at growing resolution."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from invariscope.data.table import Images, ImageSet
from invariscope.intensities import to_bytes
from invariscope.runtime import torch_generator
from invariscope.unpooling.evaluate import Locator, intersection_over_union, label_map
from invariscope.unpooling.scenes import Scenes, Source, draw_scenes

IMAGES, SCENES = 6, 8  # test images, of one class each, and scenes of two objects
SEQUENCES = 2  # of the scenes whose activations are kept
UNITS = {
    "size": "px of the map, before it was enlarged to the image's size",
    "iou": "fraction, mean over the objects of the picture",
    "image": "0-255; of an activation in shares of its map's largest, of labels and truth 0 or 1 + the class",
}
Row = dict[str, Any]


def pictures(locator: Locator, source: Source, images: ImageSet, seed: int) -> list[Row]:
    """Rows for some images and scenes: the picture, what either mirror makes of it layer by layer, and the truth."""
    shown = first_images(images)
    masks = source.mask(shown.labels, shown.factors)[:, None]
    rows = _rows(locator, Scenes(shown.pixels, shown.labels[:, None], masks), "one", IMAGES)
    scenes = draw_scenes(source, images, SCENES, torch_generator(seed, "shown scenes"))
    rows += _rows(locator, scenes, "two", SEQUENCES)
    return [_named(row, images.class_names) for row in rows]


def first_images(images: ImageSet) -> Images:
    """The first image of up to six classes, spread evenly over their list."""
    first = np.unique(images.labels, return_index=True)[1]
    return images.at(first[np.linspace(0, len(first) - 1, min(IMAGES, len(first))).round().astype(int)])


def _rows(locator: Locator, shown: Scenes, scene: str, sequences: int) -> list[Row]:
    """Rows of each picture; of the first `sequences` with all activations."""
    rows = []
    found = locator.label_maps(shown.pixels)
    truth = label_map(shown.labels, shown.masks)
    for number, (pixels, labels, masks) in enumerate(zip(shown.pixels, shown.labels, shown.masks, strict=True)):
        shared = {"scene": scene, "picture": number, "labels": labels + 1}
        kept = [{"kind": "image", "image": pixels}, {"kind": "truth", "image": _grey(truth[number], pixels)}]
        if number < sequences:
            kept += activations(locator, pixels)
        for use, maps in found.items():
            own = maps[number] == labels[:, None, None] + 1
            iou = float(intersection_over_union(own, masks).mean())
            kept.append({"kind": "labels", "switches": use, "iou": iou, "image": _grey(maps[number], pixels)})
        rows += [shared | row for row in kept]
    return rows


@torch.inference_mode()
def activations(locator: Locator, pixels: np.ndarray) -> list[Row]:
    """For an image (C, H, W): the maximum over channels after each layer of both mirrors, enlarged to H x W."""
    image = torch.from_numpy(pixels)[None].to(locator.device).float().div_(255)
    maps, switches = locator.chain.encode(image)
    rows = []
    for use, mirror in locator.mirrors.variants().items():
        for stage, (layer, made) in enumerate(mirror.stages(maps, switches)):
            strongest = made[0].amax(0)  # (h, w)
            level = to_bytes(strongest / strongest.max().clamp_min(1e-12)).cpu().numpy()
            row = {"kind": "activation", "switches": use, "stage": stage, "layer": layer.name, "size": len(level)}
            row["operation"] = "unpooling" if layer.kind == "pooling" else "deconvolution"
            rows.append(row | {"image": _grey(enlarged(level, pixels.shape[1]), pixels)})
    return rows


def enlarged(picture: np.ndarray, size: int) -> np.ndarray:
    """(h, w) -> (size, size), every pixel repeated."""
    place = np.arange(size) * len(picture) // size
    return picture[place[:, None], place]


def _grey(picture: np.ndarray, like: np.ndarray) -> np.ndarray:
    """A picture (H, W) of whole numbers below 256, in as many channels as images (C, H, W) have."""
    return np.repeat(picture[None].astype(np.uint8), len(like), axis=0)


def _named(row: Row, class_names: Sequence[str]) -> Row:
    """A row with its objects' labels in columns of their own, and the names of their classes."""
    labels = row.pop("labels").tolist()
    named = {"label": labels[0], "class_name": class_names[labels[0] - 1], "second_label": None}
    named["second_class_name"] = None
    if len(labels) > 1:
        named |= {"second_label": labels[1], "second_class_name": class_names[labels[1] - 1]}
    return named | row
