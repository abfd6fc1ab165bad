"""How well the mirrors locate objects: intersection over union with the true mask, with switches and without.

A plain threshold of intensity is the baseline that the papers lack: on a black background it finds the mask, though
not the class.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import ImageSet
from invariscope.intervals import interval_record, mean_interval
from invariscope.runtime import torch_generator
from invariscope.unpooling.mirror import Mirrors, chain_of
from invariscope.unpooling.scenes import Scenes, Source, draw_scenes

BLOCK = 120  # images at once
SCENES = 480  # of two objects, made of test images
UNITS = {
    "iou": "fraction, of the region of the object's own class",
    "ci_low": "fraction, 95 % interval of iou over images",
    "ci_high": "fraction, 95 % interval of iou over images",
    "iou_any": "fraction, of the region of any class",
    "iou_threshold": "fraction, of what is brighter than Otsu's threshold of the image",
}
Row = dict[str, Any]
Found = dict[str, np.ndarray]


def label_map(labels: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Labels (N, K) and masks (N, K, H, W) that do not overlap -> (N, H, W) int64: 0, or 1 + the class."""
    return (masks * (labels[..., None, None] + 1)).sum(axis=1)


def intersection_over_union(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Of regions (..., H, W) bool, two by two: (...); two empty ones agree."""
    union = (found | truth).sum(axis=(-2, -1))
    both = (found & truth).sum(axis=(-2, -1))
    return np.where(union == 0, 1.0, both / np.maximum(union, 1))


def iou_of_classes(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(N,) of label maps (N, H, W): the region of the class that the true map holds; for maps of one object."""
    own = np.amax(truth, axis=(1, 2))[:, None, None]
    return intersection_over_union(found == own, truth == own)


def otsu(values: np.ndarray) -> float:
    """The level of intensities (...) of uint8, above which is the brighter of two groups: Otsu 1979."""
    counts = np.bincount(values.ravel(), minlength=256).astype(float)
    below, mass = counts.cumsum(), (counts * np.arange(256)).cumsum()
    above = below[-1] - below
    with np.errstate(invalid="ignore", divide="ignore"):
        between = (mass[-1] * below / below[-1] - mass) ** 2 / (below * above)
    return float(np.nan_to_num(between[:-1], posinf=0).argmax())


def thresholded(pixels: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) uint8 -> (N, H, W) bool: their brightest channel is above its own threshold."""
    brightest = pixels.max(axis=1)
    return np.stack([image > otsu(image) for image in brightest])


def judge(found: dict[bool, np.ndarray], pixels: np.ndarray, labels: np.ndarray, masks: np.ndarray) -> Found:
    """How well label maps (N, H, W), by whether they used switches, agree with K objects' masks (N, K, H, W).

    `labels`, `iou` (switches, without, ...) is (N, K); `any` and `threshold`, of all objects at once, are (N,).
    """
    whole = masks.max(axis=1)
    judged = {"labels": labels, "threshold": intersection_over_union(thresholded(pixels), whole)}
    for use, maps in found.items():
        own = maps[:, None] == labels[..., None, None] + 1
        judged[f"iou {use}"] = intersection_over_union(own, masks)
        judged[f"any {use}"] = intersection_over_union(maps > 0, whole)
    return judged


class Locator:
    """Both mirrors behind their classifier."""

    def __init__(self, mirrors: Mirrors, classifier: Classifier, device: torch.device) -> None:
        self.chain, self.mirrors, self.device = chain_of(classifier), mirrors.eval(), device

    @torch.inference_mode()
    def label_maps(self, pixels: np.ndarray) -> dict[bool, np.ndarray]:
        """Images (N, C, H, W) uint8 -> label maps (N, H, W), by whether switches were used."""
        maps, switches = self.chain.encode(torch.from_numpy(pixels).to(self.device).float().div_(255))
        return {
            use: mirror.labels(mirror(maps, switches)).cpu().numpy() for use, mirror in self.mirrors.variants().items()
        }


def evaluate(
    locator: Locator, source: Source, images: ImageSet, seed: int, scenes: int = SCENES
) -> tuple[list[Row], dict[str, Any]]:
    """Rows of a table by scene, switches and class, and the metrics, over all `images` and scenes of two of them."""
    drawn = draw_scenes(source, images, scenes, torch_generator(seed, "test scenes"))
    both = {"one": joined(_judge_images(locator, source, images)), "two": joined(_judge_scenes(locator, drawn))}
    rows = [row for scene, judged in both.items() for row in rows_of(judged, scene, images.class_names)]
    return rows, {scene: summarise(judged) for scene, judged in both.items()}


def _judge_images(locator: Locator, source: Source, images: ImageSet) -> Iterator[Found]:
    for start in range(0, len(images), BLOCK):
        part = images.at(np.arange(start, min(start + BLOCK, len(images))))
        masks = source.mask(part.labels, part.factors)[:, None]
        yield judge(locator.label_maps(part.pixels), part.pixels, part.labels[:, None], masks)


def _judge_scenes(locator: Locator, scenes: Scenes) -> Iterator[Found]:
    for start in range(0, len(scenes), BLOCK):
        part = slice(start, start + BLOCK)
        pixels = scenes.pixels[part]
        yield judge(locator.label_maps(pixels), pixels, scenes.labels[part], scenes.masks[part])


def joined(parts: Iterable[Found]) -> Found:
    """The same of all parts, one after the other."""
    listed = list(parts)
    return {name: np.concatenate([part[name] for part in listed]) for name in listed[0]}


def rows_of(judged: Found, scene: str, class_names: Sequence[str]) -> list[Row]:
    """A row for all images (of a scene's objects the mean), and one for each class that has any (objects, there)."""
    rows = []
    for use in (True, False):
        own = judged[f"iou {use}"]
        extras = {"iou_any": judged[f"any {use}"], "iou_threshold": judged["threshold"]}
        shared = {"scene": scene, "switches": use}
        rows.append({"class_name": "all"} | shared | _row(own.mean(axis=1), extras))
        for label in np.unique(judged["labels"]).tolist():
            image, place = np.nonzero(judged["labels"] == label)
            values = {name: value[image] for name, value in extras.items()}
            rows.append({"class_name": class_names[label]} | shared | _row(own[image, place], values))
    return rows


def _row(iou: np.ndarray, extras: dict[str, np.ndarray]) -> Row:
    mean, low, high = (None if np.isnan(value) else value for value in mean_interval(iou))
    means = {name: float(values.mean()) for name, values in extras.items()}
    return {"n_images": len(iou), "iou": mean, "ci_low": low, "ci_high": high} | means


def summarise(judged: Found) -> dict[str, Any]:
    """Means over images and their intervals: with switches, without, and the difference image by image."""
    with_them, without = (judged[f"iou {use}"].mean(axis=1) for use in (True, False))
    return {
        "n_images": len(with_them),
        "iou_with_switches": interval_record(with_them),
        "iou_without_switches": interval_record(without),
        "difference": interval_record(with_them - without),
        "iou_any_with_switches": float(judged["any True"].mean()),
        "iou_any_without_switches": float(judged["any False"].mean()),
        "iou_threshold": float(judged["threshold"].mean()),
    }
