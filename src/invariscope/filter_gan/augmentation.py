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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import torch

from invariscope.checkpoint import Checkpoint, collect
from invariscope.classifiers import evaluation, training
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Images
from invariscope.errors import UserError
from invariscope.filter_gan import train as filter_gan
from invariscope.filter_gan.added import Added, Source, added_images, draw_subset, traversal_images
from invariscope.filter_gan.config import Augmentation, FilterGanConfig, Traversal
from invariscope.filter_gan.traversal import rms_change
from invariscope.intervals import interval_record
from invariscope.runtime import torch_generator
from invariscope.seeding import derive

OWN = "traversal_own"
CONDITIONS = ("none", "noise", "affine", "traversal", "affine_and_traversal", OWN)
REFERENCES = ("none", "noise", "affine")  # that the summary pairs the others with
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
Row = dict[str, Any]
EXAMPLE_UNITS = {"rms_change": "intensity, of an image in [0, 1]", "image": "0-255, (channel, row, column)"}


@dataclass(frozen=True)
class Job:
    """One training."""

    seed: int
    per_class: int
    condition: str


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
    checkpoint: Checkpoint | None = None,
) -> tuple[list[Row], list[Row]]:
    """Rows of test accuracy (columns in UNITS) and of examples, the first repetition's first image of each class.

    `block` describes the architecture, as in params.yaml (weights it names are not taken). `own` says how the
    filter-GANs of `traversal_own` are trained. Raises UserError if a class has too few images.
    """
    check(config)
    experiment = Experiment(block, source, own, train, test, config, traversal, seed, label)
    jobs = experiment.jobs()
    results = collect(lambda done: experiment.run(jobs[done:]), len(jobs), checkpoint, label)
    examples = [example | {"image": example["image"].numpy()} for _, some in results for example in some]
    return [row for row, _ in results], examples


def check(config: Augmentation) -> None:
    """Raises UserError for what cannot be."""
    unknown = sorted(set(config.own) - set(config.per_class))
    if unknown:
        raise UserError(f"params.yaml: filter_gan: augmentation: own: {unknown[0]} is not one of per_class; add it")


# --- the trainings ----------------------------------------------------------------------------------------------------


def own_source(
    classifier: Classifier, module: str, config: FilterGanConfig, subset: Images, seed: int, label: str
) -> Source:
    """A filter-GAN on a classifier, both trained on `subset` alone."""
    generator, _ = filter_gan.train(
        classifier, module, config, subset, subset, derive(seed, "own"), label=f"{label} own filter-GAN"
    )
    return Source(classifier, module, generator)


@dataclass(frozen=True)
class Experiment:
    """What `augment` is given."""

    block: Mapping[str, Any]
    source: Source
    own: FilterGanConfig
    train: Images
    test: Images
    config: Augmentation
    traversal: Traversal
    seed: int
    label: str

    def jobs(self) -> list[Job]:
        """All trainings, those of one subset in turn."""
        return [
            Job(number, per_class, condition)
            for number in range(self.config.seeds)
            for per_class in self.config.per_class
            for condition in CONDITIONS
            if condition != OWN or per_class in self.config.own
        ]

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Row, list[Row]]]:
        """The row of every job, and examples with the last of those that give any."""
        descent, exemplary = replace(self.traversal, steps=self.config.steps), self.exemplary()
        for number, repetition in groupby(jobs, lambda job: job.seed):
            stream, place = derive(self.seed, number), f"{self.label} {number + 1}/{self.config.seeds}"
            largest = draw_subset(self.train, max(self.config.per_class), stream)
            found = traversal_images(self.source, largest, self.config, descent, stream, f"{place} images")
            sets = added_images(largest, found, self.config, stream)
            for per_class, group in groupby(repetition, lambda job: job.per_class):
                subset = largest.at(np.arange(per_class * len(self.train.class_names)))
                parts = {condition: added.first(len(subset)) for condition, added in sets.items()}
                label = f"{place}, {per_class} a class"
                runs = Repetition(self.block, self.source.classifier, subset, self.test, self.config, stream, label)
                for job in group:
                    if job.condition == OWN:
                        clean = own_source(runs.unaided, self.source.module, self.own, subset, stream, label)
                        parts[OWN] = traversal_images(
                            clean, subset, self.config, descent, stream, f"{label} own images"
                        )
                    row = runs.row(job.condition, parts[job.condition]) | {"per_class": per_class, "seed": number}
                    yield row, example_rows(subset, parts) if job == exemplary else []

    def exemplary(self) -> Job:
        """The job after which examples of all conditions are there."""
        per_class = min(self.config.own or self.config.per_class)
        return [job for job in self.jobs() if job.seed == 0 and job.per_class == per_class][-1]


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

    @cached_property
    def unaided(self) -> Classifier:
        """The classifier of condition `none`."""
        return self.train(np.stack([self.subset.pixels] * self.config.copies), "none")

    def row(self, condition: str, added: Added) -> Row:
        """What a condition comes to."""
        classifier = self.unaided if condition == "none" else self.train(added.pixels, condition)
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
        }

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


def example_rows(subset: Images, parts: Mapping[str, Added]) -> list[Row]:
    """The first image of every class, and the first changed one that each condition adds, as tensors."""
    originals = subset.pixels[: len(subset.class_names)]
    shown = {"original" if name == "none" else name: added.pixels[0, : len(originals)] for name, added in parts.items()}
    return [
        {
            "condition": condition,
            "image_id": int(subset.ids[place]),
            "class_name": subset.class_names[subset.labels[place]],
            "rms_change": float(rms_change(images[[place]], originals[[place]])[0]),
            "image": torch.from_numpy(images[place]),
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
