"""Augmentation (the application that the paper names): do traversal images help where training images are few?

A small balanced subset of the training split, and for each of its images some changed ones; a classifier of the study's
architecture is trained afresh on both and judged on the whole test split. The paper reports no such experiment, so its
form is ours. A traversal image here is found for two codes z, z' drawn at random, not along a grid: it gives under the
bank of z' the activations that the original gives under that of z. All are kept, however near they came: choosing by
the trained classifier would tell the set more of what that one knows. The shares that converged, and that the study's
classifier reads as their label, are reported.

Fairness: within a repetition all conditions share subset, initial weights and batches, position by position: where one
sees the second copy of an image, so do the others (`none`: the image itself). So the differences are paired. Affine
copies are fixed images, as many as traversals, although they could be drawn anew for every batch. `noise` has, image by
image, the root mean square change of the traversals: what any change of that size would do.

Caveat, for every reading of `traversal`: the classifier and the filter-GAN behind these images were trained on the
whole training split, so a gain may be that knowledge handed down, as by a teacher, not what the few images hold.
`traversal_own` is the clean variant: the classifier of condition `none` and a filter-GAN on it, both of which have seen
the subset alone. It costs a filter-GAN a repetition.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from invariscope.classifiers import evaluation, training
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan import train as filter_gan
from invariscope.filter_gan.config import Augmentation, FilterGanConfig, Traversal
from invariscope.filter_gan.evaluation import open_layer
from invariscope.filter_gan.networks import Generator
from invariscope.filter_gan.traversal import BLOCK, pose, rms_change, solve
from invariscope.intensities import to_bytes
from invariscope.intervals import interval_record
from invariscope.progress import track
from invariscope.runtime import torch_generator
from invariscope.seeding import derive

OWN = "traversal_own"
CONDITIONS = ("none", "noise", "affine", "traversal", "affine_and_traversal", OWN)
REFERENCES = ("none", "noise", "affine")  # that the summary pairs the others with
BISECTIONS = 30  # of the noise's size: float32 has no more to halve
UNITS = {
    "per_class": "training images a class",
    "accuracy": "fraction of the test split",
    "n_train": "original images",
    "n_added": "changed images",
    "iterations": "training steps",
    "rms_change": "intensity, of an image in [0, 1]; mean over the added images",
    "converged": "fraction of the added images",
    "teacher_accuracy": "fraction of the added images (none: of the originals) that the study's classifier gets right",
}
EXAMPLE_UNITS = {"rms_change": "intensity, of an image in [0, 1]", "image": "0-255, (channel, row, column)"}


@dataclass(frozen=True)
class Source:
    """What traversal images come from."""

    classifier: Classifier
    module: str  # path of the layer
    generator: Generator


@dataclass(frozen=True)
class Added:
    """Changed images, `copies` for each original; what is not known is None."""

    pixels: np.ndarray  # (copies, N, C, H, W) uint8
    converged: np.ndarray | None = None  # (copies, N) bool

    def first(self, count: int) -> "Added":
        """Those of the first originals."""
        return Added(self.pixels[:, :count], None if self.converged is None else self.converged[:, :count])


def augment(
    block: Mapping[str, Any],
    source: Source,
    own: FilterGanConfig,
    train: Images,
    test: Images,
    config: Augmentation,
    traversal: Traversal,
    seed: int,
    label: str = "augmentation",
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of test accuracy (columns in UNITS) and of examples, the first repetition's first image of each class.

    `block` describes the architecture, as in params.yaml (weights it names are not taken). `own` says how the
    filter-GANs of `traversal_own` are trained. Raises UserError if a class has too few images.
    """
    check(config)
    descent = replace(traversal, steps=config.steps)
    rows: list[dict[str, Any]] = []
    examples: list[dict[str, Any]] = []
    for number in range(config.seeds):
        stream = derive(seed, number)
        place = f"{label} {number + 1}/{config.seeds}"
        largest = draw_subset(train, max(config.per_class), stream)
        found = traversal_images(source, largest, config, descent, stream, f"{place} images")
        sets = added_images(largest, found, config, stream)
        for per_class in config.per_class:
            subset = largest.at(np.arange(per_class * len(train.class_names)))
            parts = {condition: added.first(len(subset)) for condition, added in sets.items()}
            runs = Repetition(block, source.classifier, subset, test, config, stream, f"{place}, {per_class} a class")
            constant = {"per_class": per_class, "seed": number}
            for condition, added in parts.items():
                row, classifier = runs.row(condition, added)
                rows.append(row | constant)
                if condition == "none" and per_class in config.own:
                    clean = own_source(classifier, source.module, own, subset, stream, runs.label)
            if per_class in config.own:
                parts[OWN] = traversal_images(clean, subset, config, descent, stream, f"{runs.label} own images")
                rows.append(runs.row(OWN, parts[OWN])[0] | constant)
            if number == 0 and per_class == min(config.own or config.per_class):
                examples = example_rows(subset, parts)
    return rows, examples


def check(config: Augmentation) -> None:
    """Raises UserError for what cannot be."""
    unknown = sorted(set(config.own) - set(config.per_class))
    if unknown:
        raise UserError(f"params.yaml: filter_gan: augmentation: own: {unknown[0]} is not one of per_class; add it")


# --- the images -------------------------------------------------------------------------------------------------------


def draw_subset(images: Images, per_class: int, seed: int) -> Images:
    """`per_class` images of each class at random, the classes in turn: a smaller subset is the beginning of a larger.

    Raises UserError if a class has fewer.
    """
    columns = []
    for label, name in enumerate(images.class_names):
        members = np.flatnonzero(images.labels == label)
        if len(members) < per_class:
            raise UserError(
                f"params.yaml: filter_gan: augmentation: per_class: {per_class} images of each class are wanted, and "
                f"the training split has {len(members)} of {name!r}; use fewer"
            )
        order = torch.randperm(len(members), generator=torch_generator(seed, "subset", label))
        columns.append(members[order[:per_class].numpy()])
    return images.at(np.stack(columns, axis=1).ravel())


def added_images(originals: Images, found: Added, config: Augmentation, seed: int) -> dict[str, Added]:
    """What each condition adds to the originals, given the traversal images."""
    same = np.broadcast_to(originals.pixels, found.pixels.shape)
    parameters = draw_affine(originals.ids, config, seed)
    return {
        "none": Added(same),
        "noise": Added(noisy(same, found.pixels, originals.ids, seed)),
        "affine": Added(moved(same, parameters)),
        "traversal": found,
        "affine_and_traversal": Added(moved(found.pixels, parameters), found.converged),
    }


def traversal_images(
    source: Source, originals: Images, config: Augmentation, traversal: Traversal, seed: int, label: str
) -> Added:
    """For each original `copies` images that give, under a random bank, its activations under another one."""
    device = source.classifier.mean.device
    layer = open_layer(source.classifier, source.module, originals, device)
    codes = draw_codes(originals.ids, source.generator.latent_dimension, config, seed).flatten(0, 1)
    tiled = np.tile(originals.pixels, (config.copies, 1, 1, 1))  # (copies*N, C, H, W)
    found, converged = np.empty_like(tiled), np.empty(len(tiled), dtype=bool)
    blocks = range(0, len(tiled), BLOCK)
    for first in track(blocks, label, len(blocks)):
        chosen = slice(first, first + BLOCK)
        start = torch.from_numpy(tiled[chosen]).to(device).float().div_(255)
        problem = pose(layer, source.generator, codes[chosen, 0], codes[chosen, 1], start, traversal)
        pixels, stored = solve(problem, start, traversal)
        with torch.no_grad():
            residual = problem.residual(stored)
        found[chosen] = pixels.cpu().numpy()
        converged[chosen] = (residual <= traversal.tolerance).cpu().numpy()
    shape = (config.copies, len(originals))
    return Added(found.reshape(*shape, *found.shape[1:]), converged.reshape(shape))


def draw_codes(ids: np.ndarray, dimension: int, config: Augmentation, seed: int) -> Tensor:
    """z and z' (copies, N, 2, d), standard normal each: they go with the image, not with its place."""
    shape = (config.copies, 2, dimension)
    draws = [torch.randn(shape, generator=torch_generator(seed, "codes", id)) for id in ids.tolist()]
    z, other = torch.stack(draws, 1).unbind(2)  # (copies, N, d) each
    return torch.stack([z, config.correlation * z + (1 - config.correlation**2) ** 0.5 * other], 2)


def draw_affine(ids: np.ndarray, config: Augmentation, seed: int) -> Tensor:
    """What is read at each place of the copies, as matrices (copies, N, 2, 3) of `affine_grid`, float64.

    An image is turned, enlarged, then moved; each uniformly within its bounds, the factor on a logarithmic scale.
    """
    draws = [torch.rand(config.copies, 4, generator=torch_generator(seed, "affine", id)) for id in ids.tolist()]
    turn, growth, right, down = (2 * torch.stack(draws, 1).double() - 1).unbind(-1)  # (copies, N) each, in [-1, 1)
    angle, factor = torch.deg2rad(config.rotation * turn), (1 + config.scale) ** growth
    cosine, sine = angle.cos() / factor, angle.sin() / factor
    back = torch.stack([cosine, sine, -sine, cosine], -1).unflatten(-1, (2, 2))
    shift = 2 * config.shift * torch.stack([right, down], -1)[..., None]  # the image is 2 wide
    return torch.cat([back, -back @ shift], -1)


def moved(pixels: np.ndarray, matrices: Tensor) -> np.ndarray:
    """Images (copies, N, C, H, W) uint8 resampled once, bilinearly, black from beyond the edge; on the CPU.

    Not by screening.transforms: those move all images of a batch alike. float64, so that the identity is exact.
    """
    result = np.empty_like(pixels)
    for copy, (images, matrix) in enumerate(zip(pixels, matrices, strict=True)):
        grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
        read = F.grid_sample(torch.tensor(images).double(), grid, align_corners=False)
        result[copy] = read.round().byte().numpy()
    return result


def noisy(originals: np.ndarray, like: np.ndarray, ids: np.ndarray, seed: int) -> np.ndarray:
    """Originals (copies, N, C, H, W) uint8 with Gaussian noise that changes each as much as it is changed in `like`.

    The noise's size is found by bisection, because what leaves [0, 1] is cut off.
    """
    copies, _, *shape = originals.shape
    draws = [torch.randn(copies, *shape, generator=torch_generator(seed, "noise", id)) for id in ids.tolist()]
    noise = torch.stack(draws, 1).flatten(0, 1)  # (copies*N, C, H, W)
    start = torch.tensor(originals).flatten(0, 1) / 255
    wanted = (torch.tensor(like).flatten(0, 1) / 255 - start).square().mean((1, 2, 3))
    low, high = torch.zeros(len(start), 1, 1, 1), torch.full((len(start), 1, 1, 1), 4.0)
    for _ in range(BISECTIONS):
        size = (low + high) / 2
        reached = ((start + size * noise).clamp(0, 1) - start).square().mean((1, 2, 3))
        over = (reached >= wanted)[:, None, None, None]
        low, high = torch.where(over, low, size), torch.where(over, size, high)
    return to_bytes(start + low * noise).reshape(originals.shape).numpy()


def own_source(
    classifier: Classifier, module: str, config: FilterGanConfig, subset: Images, seed: int, label: str
) -> Source:
    """A filter-GAN on a classifier, both trained on `subset` alone."""
    generator, _ = filter_gan.train(
        classifier, module, config, subset, subset, derive(seed, "own"), label=f"{label} own filter-GAN"
    )
    return Source(classifier, module, generator)


# --- the trainings ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Repetition:
    """One subset: everything that its conditions share."""

    block: Mapping[str, Any]
    teacher: Classifier  # the study's
    subset: Images
    test: Images
    config: Augmentation
    seed: int
    label: str

    def row(self, condition: str, added: Added) -> tuple[dict[str, Any], Classifier]:
        """What a condition comes to, and the classifier that it trained."""
        classifier = self.train(added.pixels, condition)
        flat = added.pixels.reshape(-1, *added.pixels.shape[2:])
        labels = np.tile(self.subset.labels, len(added.pixels))
        right = evaluation.predict(self.teacher, flat).argmax(1).numpy() == labels
        change = rms_change(flat, np.tile(self.subset.pixels, (len(added.pixels), 1, 1, 1)))
        return {
            "condition": condition,
            "accuracy": evaluation.judge(classifier, self.test)["accuracy"],
            "n_train": len(self.subset),
            "n_added": 0 if condition == "none" else len(flat),
            "iterations": self.config.iterations,
            "rms_change": float(change.mean()),
            "converged": None if added.converged is None else float(added.converged.mean()),
            "teacher_accuracy": float(right.mean()),
        }, classifier

    def train(self, added: np.ndarray, condition: str) -> Classifier:
        """A classifier trained on the subset and on `added` (copies, N, C, H, W), frozen.

        The images to come, in their order, are one long epoch: so every set gives equally many equal batches.
        """
        versions = np.concatenate([self.subset.pixels[None], added])  # (1 + copies, N, C, H, W)
        shown = exposures(len(versions) * len(self.subset), self.config, self.seed)
        version, image = np.divmod(shown, len(self.subset))
        images = replace(self.subset.at(image), pixels=versions[version, image])
        device = self.teacher.mean.device
        classifier = new_classifier(architecture(self.block), self.subset, self.seed, device)
        settings = training.Training(1, self.config.batch_size, self.config.learning_rate)
        training.train(classifier, settings, images, {}, self.seed, label=f"{self.label} {condition}")
        return classifier


def architecture(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block of params.yaml without the weights that it may name: they would be knowledge from elsewhere."""
    return {name: value for name, value in block.items() if name != "weights"} | {"training": {}}


def exposures(count: int, config: Augmentation, seed: int) -> np.ndarray:
    """Which of `count` images training sees (iterations * batch_size,): all once, shuffled, then all once more, ..."""
    total = config.iterations * config.batch_size
    passes = [
        torch.randperm(count, generator=torch_generator(seed, "exposures", number))
        for number in range(-(-total // count))
    ]
    return torch.cat(passes)[:total].numpy()


# --- what is reported -------------------------------------------------------------------------------------------------


def example_rows(subset: Images, parts: Mapping[str, Added]) -> list[dict[str, Any]]:
    """The first image of every class, and the first changed one that each condition adds."""
    originals = subset.pixels[: len(subset.class_names)]
    shown = {"original" if name == "none" else name: added.pixels[0, : len(originals)] for name, added in parts.items()}
    return [
        {
            "condition": condition,
            "image_id": int(subset.ids[place]),
            "class_name": subset.class_names[subset.labels[place]],
            "rms_change": float(rms_change(images[[place]], originals[[place]])[0]),
            "image": images[place],
        }
        for condition, images in shown.items()
        for place in range(len(originals))
    ]


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """For every size and condition: accuracy and its paired differences from REFERENCES, with 95 % intervals."""
    summary: dict[str, Any] = {}
    for per_class in dict.fromkeys(row["per_class"] for row in rows):
        own = [row for row in rows if row["per_class"] == per_class]
        conditions = dict.fromkeys(row["condition"] for row in own)
        by_condition = {condition: _by_seed(own, condition) for condition in conditions}
        summary[f"{per_class}_per_class"] = {
            condition: {"accuracy": interval_record([row["accuracy"] for row in chosen])}
            | {
                f"minus_{reference}": interval_record(
                    [a["accuracy"] - b["accuracy"] for a, b in zip(chosen, by_condition[reference], strict=True)]
                )
                for reference in REFERENCES
                if reference != condition
            }
            | {
                name: float(np.mean([row[name] for row in chosen]))
                for name in ("rms_change", "converged", "teacher_accuracy")
                if chosen[0][name] is not None
            }
            for condition, chosen in by_condition.items()
        }
    return summary


def _by_seed(rows: Sequence[Mapping[str, Any]], condition: str) -> list[Mapping[str, Any]]:
    return sorted((row for row in rows if row["condition"] == condition), key=lambda row: row["seed"])
