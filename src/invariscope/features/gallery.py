"""All images of a study's feature visualisation: every objective by every method, on one scale, and what judges say.

Values are the objective's on the 8-bit image as it is, whatever it was optimised under, so that all methods and the
data set's own images can be held against each other. Images of a class are also shown to classifiers that were trained
independently: what they recognise is no adversarial noise to one network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

import numpy as np
import torch

from invariscope.checkpoint import Checkpoint, collect
from invariscope.classifiers.evaluation import predict
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import StoredImages, balanced
from invariscope.features.config import Gallery, Units
from invariscope.features.examples import Examples, find_examples
from invariscope.features.objectives import CLASS, Probe, parse
from invariscope.features.optimise import Optimisation, Penalty, optimise
from invariscope.features.parameterizations import Palette, fitted_palette
from invariscope.features.variety import dissimilar, interpolated
from invariscope.features.visualize import named_parameterization, shape_of
from invariscope.intensities import from_bytes
from invariscope.intervals import share_interval

NONE = "none"
DATA_SET = "dataset"
TOP, BOTTOM, OPTIMISED, DIVERSE, ALIKE, BETWEEN = "top", "bottom", "optimised", "diverse", "undiverse", "between"
PALETTE_IMAGES = 1000  # of the training images, for the colours to start from
UNITS = {
    "value": "of the objective, on the 8-bit image as it is, not moved; a unit's own scale",
    "share": "of the second objective, 0 to 1",
    "lowest": "of the objective over the training images",
    "highest": "of the objective over the training images",
    "image": "0-255, (channel, row, column)",
}
TRANSFER_UNITS = {
    "share": "fraction of the images that are given their class",
    "ci_low": "fraction; 95 %, Wilson, over classes",
    "ci_high": "fraction; 95 %, Wilson, over classes",
    "n_images": "images, one a class",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Decoded:
    """Images that a generative model's decoder was made to give for objectives, by name."""

    parameterization: str
    images: Mapping[str, np.ndarray]  # each (C, H, W) uint8


@dataclass(frozen=True)
class Scene:
    """What all images of a gallery have in common."""

    probe: Probe  # of all objectives
    drawn: tuple[int, ...]  # numbers of the objectives that every method draws
    classes: tuple[int, ...]  # numbers of the objectives that are logits, by class
    examples: Examples
    images: StoredImages  # that the examples are from
    palette: Palette  # the colours to start from
    config: Gallery
    seed: int

    @property
    def alive(self) -> list[int]:
        return [number for number in self.drawn if not self.examples.dead[number]]


def draw_gallery(
    classifier: Classifier,
    units: Units,
    config: Gallery,
    images: StoredImages,
    seed: int,
    decoded: Sequence[Decoded] = (),
    checkpoint: Checkpoint | None = None,
    label: str = "feature visualisation",
) -> list[Row]:
    """Rows with the columns of UNITS and objective, kind, parameterization, regularization, rank, predicted, dead.

    `images` are those of the training split. Raises UserError if the classifier lacks an objective's unit.
    """
    scene = set_scene(classifier, units, config, images, seed, label)
    jobs = [
        (name, regularization) for name, method in config.methods.items() for regularization in method.regularizations
    ]
    rows = [*example_rows(scene), *dead_rows(scene, jobs)]
    drawn = collect(lambda done: (method_rows(scene, *job) for job in jobs[done:]), len(jobs), checkpoint, label)
    rows += chain(*drawn)
    for one in decoded:
        rows += decoded_rows(scene, one)
    rows += variety_rows(scene)
    return described(classifier, scene, rows)


def set_scene(
    classifier: Classifier, units: Units, config: Gallery, images: StoredImages, seed: int, label: str
) -> Scene:
    """Parse the objectives, and look for examples and dead units. Raises UserError."""
    names = classifier.class_names
    drawn = [parse(text, names) for text in units.drawn()]
    classes = [parse(f"{CLASS}:{number}") for number in range(len(names))]
    objectives = list(dict.fromkeys([*drawn, *classes]))
    images = balanced(images, config.images)
    probe = Probe(classifier, objectives, shape_of(classifier, None))
    return Scene(
        probe,
        tuple(objectives.index(one) for one in dict.fromkeys(drawn)),
        tuple(objectives.index(one) for one in classes),
        find_examples(probe, images, config.examples, f"{label}, examples"),
        images,
        fitted_palette(balanced(images, PALETTE_IMAGES).at(np.arange(min(len(images), PALETTE_IMAGES))).tensors()[0]),
        config,
        seed,
    )


def example_rows(scene: Scene) -> list[Row]:
    """The data set's images of highest and of lowest value."""
    listed = [
        (number, kind, rank, place)
        for kind, places in ((TOP, scene.examples.top), (BOTTOM, scene.examples.bottom))
        for number in (sorted({*scene.drawn, *scene.classes}) if kind == TOP else scene.drawn)
        for rank, place in enumerate(places[number].tolist(), start=1)
    ]
    wanted = np.unique([place for *_, place in listed])
    found = scene.images.at(wanted)  # at once: each row group of the file is read once
    rows = []
    for number, kind, rank, place in listed:
        at = int(np.searchsorted(wanted, place))
        row = {"number": number, "kind": kind, "parameterization": DATA_SET, "regularization": NONE}
        row |= {"rank": rank, "value": float(scene.examples.values[number, place])}
        rows.append(row | {"image_id": int(found.ids[at]), "image": torch.from_numpy(found.pixels[at])})
    return rows


def dead_rows(scene: Scene, jobs: Sequence[tuple[str, str]]) -> list[Row]:
    """Dead objectives, which are named and not drawn: their images are black."""
    black = torch.zeros(scene.probe.shape, dtype=torch.uint8)
    return [
        {"number": number, "kind": OPTIMISED, "parameterization": name, "regularization": regularization}
        | {"rank": 1, "value": None, "image": black, "dead": True}
        for name, regularization in jobs
        for number in scene.drawn
        if scene.examples.dead[number]
    ]


def method_rows(scene: Scene, name: str, regularization: str) -> list[Row]:
    """What is drawn, and every class if the method is judged, by one parameterization and regularization."""
    numbers = scene.alive
    if regularization in scene.config.methods[name].transfer:
        numbers += [number for number in scene.classes if number not in numbers]
    streams = [str(scene.probe.objectives[number]) for number in numbers]
    return optimised_rows(scene, scene.probe, numbers, streams, (name, regularization), {"kind": OPTIMISED})


def optimised_rows(
    scene: Scene,
    probe: Probe,
    which: Sequence[int],
    streams: Sequence[str],
    how: tuple[str, str],
    columns: Row,
    penalty: Penalty | None = None,
) -> list[Row]:
    """Images by one method; `which` are numbers of the probe's objectives."""
    name, regularization = how
    config = scene.config
    settings = Optimisation(config.steps, config.methods[name].learning_rate, config.leaky_steps, config.slope)
    parameterization = named_parameterization(name, scene.probe.shape, scene.palette)
    moves = config.robustness[regularization]
    found = optimise(probe, which, streams, parameterization, moves, settings, scene.seed, penalty)
    constant = {"parameterization": name, "regularization": regularization, "rank": 1} | columns
    return [
        {"number": number, "value": value, "image": image, "dead": dead} | constant
        for number, value, image, dead in zip(
            which, found.values.tolist(), found.images.cpu(), found.dead.tolist(), strict=True
        )
    ]


def decoded_rows(scene: Scene, decoded: Decoded) -> list[Row]:
    """A decoder's images, judged as all others are."""
    numbers = {str(objective): number for number, objective in enumerate(scene.probe.objectives)}
    known = {numbers[name]: torch.tensor(image) for name, image in decoded.images.items() if name in numbers}
    stack = torch.stack(list(known.values())).to(scene.probe.device)
    which = torch.tensor(list(known), device=scene.probe.device)
    with torch.inference_mode():
        values = scene.probe.of(from_bytes(stack), which).tolist()
    constant = {"kind": OPTIMISED, "parameterization": decoded.parameterization, "regularization": NONE, "rank": 1}
    return [
        {"number": number, "value": value, "image": image} | constant
        for (number, image), value in zip(known.items(), values, strict=True)
    ]


def variety_rows(scene: Scene) -> list[Row]:
    """Several images of each drawn class, kept from being alike and not; and images from each class to the next."""
    variety = scene.config.variety
    how = variety.method, variety.regularization
    names = [str(scene.probe.objectives[number]) for number in scene.alive]
    classes = [number for number, name in zip(scene.alive, names, strict=True) if name.startswith(f"{CLASS}:")]
    rows = []
    for number in classes:
        streams = [f"{scene.probe.objectives[number]}, copy {copy}" for copy in range(variety.copies)]
        weight = variety.weight * float(scene.examples.spread[number])
        apart = dissimilar(scene.probe.model, variety.module, variety.copies, weight)
        for kind, penalty in ((ALIKE, None), (DIVERSE, apart)):
            made = optimised_rows(scene, scene.probe, [number] * variety.copies, streams, how, {"kind": kind}, penalty)
            rows += [row | {"rank": copy + 1} for copy, row in enumerate(made)]
    shares = np.linspace(0, 1, variety.points).tolist()
    for first, second in pairwise(classes):
        ends = [
            scene.probe.objectives[number] * (1 / float(scene.examples.spread[number])) for number in (first, second)
        ]
        probe = Probe(scene.probe.model, interpolated(ends[0], ends[1], shares), scene.probe.shape)
        made = optimised_rows(scene, probe, range(len(shares)), ["between"] * len(shares), how, {"kind": BETWEEN})
        rows += [
            row | {"number": first, "second": second, "share": share} for share, row in zip(shares, made, strict=True)
        ]
    return rows


def described(classifier: Classifier, scene: Scene, rows: Sequence[Row]) -> list[Row]:
    """Names in place of numbers, the range of each objective over the training images, and what the classifier says."""
    names = classifier.class_names
    images = torch.stack([row["image"] for row in rows]).numpy()
    said = predict(classifier, images).argmax(1).tolist()
    lowest, highest = scene.examples.values.min(1), scene.examples.values.max(1)
    texts = [str(objective) for objective in scene.probe.objectives]
    classes = {number: names[label] for label, number in enumerate(scene.classes)}
    return [
        {
            "objective": texts[row["number"]],
            "class_name": classes.get(row["number"]),
            "second": texts[row["second"]] if "second" in row else None,
            "lowest": float(lowest[row["number"]]),
            "highest": float(highest[row["number"]]),
            "predicted": names[label],
            "dead": row.get("dead", False),
        }
        | {name: value for name, value in row.items() if name not in ("number", "second", "dead")}
        | {"image": image}
        for row, image, label in zip(rows, images, said, strict=True)
    ]


def summarise(rows: Sequence[Row], verdicts: Sequence[Row]) -> dict[str, Any]:
    """The figures of metrics.json: dead units, and by judge and method the share of images given their class."""
    dead = sorted({row["objective"] for row in rows if row["dead"]})
    shares: dict[str, dict[str, float]] = {}
    for row in verdicts:
        shares.setdefault(row["judge"], {})[f"{row['parameterization']}, {row['regularization']}"] = row["share"]
    return {"dead": len(dead), "dead_objectives": dead, "given_their_class": shares}


def judge_transfer(rows: Sequence[Row], judges: Mapping[str, Classifier]) -> list[Row]:
    """For each method with an image of every class, and each judge: the share of the images that it gives their class.

    The data set's best image of each class stands beside them.
    """
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if (
            row["class_name"]
            and not row["dead"]
            and (row["kind"] == OPTIMISED or (row["kind"], row["rank"]) == (TOP, 1))
        ):
            found.setdefault((row["parameterization"], row["regularization"]), []).append(row)
    verdicts = []
    for (parameterization, regularization), images in found.items():
        stack = np.stack([row["image"] for row in images])
        for judge, classifier in judges.items():
            if len(images) < len(classifier.class_names):
                continue  # only the classes that are drawn
            said = predict(classifier, stack).argmax(1).tolist()
            right = [
                classifier.class_names[label] == row["class_name"] for label, row in zip(said, images, strict=True)
            ]
            share = sum(right) / len(right)
            low, high = share_interval(share, len(right))
            row = {"parameterization": parameterization, "regularization": regularization, "judge": judge}
            verdicts.append(row | {"n_images": len(right), "share": share, "ci_low": low, "ci_high": high})
    return verdicts
