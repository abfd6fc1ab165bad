"""What the learned transformations come to: accuracy on test images, against displacement, beside two baselines.

Every image has its own controls α, β ~ U(-1, 1)^p and its own random directions (`baseline`), drawn once: strength s
multiplies the controls, so that the points of a curve differ in nothing else. The controls act one at a time, the
other 0, and both together. `random` displaces each image as far as `learned` does, in space, in colour, or both;
`identity` is the picture as it is. Maps are drawn and computed in float64 on the CPU, and images are classified in
blocks of one size, so that controls are the same on every device and an answer depends on its image alone.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.evaluation import block_size
from invariscope.classifiers.model_file import Classifier
from invariscope.data.table import Split, balanced
from invariscope.intensities import to_bytes
from invariscope.intervals import mean_interval, share_interval
from invariscope.progress import track
from invariscope.runtime import torch_generator
from invariscope.transformer.baseline import random_colours, random_warps
from invariscope.transformer.config import TransformerEvaluation
from invariscope.transformer.decomposition import COLOUR, SPATIAL, decompose_colour, decompose_space
from invariscope.transformer.networks import InvariantTransformer
from invariscope.transformer.rendering import colour_displacement, render, spatial_displacement
from invariscope.warp import Warp

CONTROLS = ("alpha", "beta", "both")
LEARNED, RANDOM, IDENTITY = "learned", "random", "identity"
UNITS = {
    "strength": "factor of controls drawn from U(-1, 1)^p",
    "displacement": "alpha: spatial_displacement, beta: colour_displacement, both: their sum",
    "spatial_displacement": "fraction of the width; mean over pixels and images",
    "colour_displacement": "intensity, of values in [0, 1]; mean over values and images",
    "accuracy": "fraction",
    "ci_low": "fraction; 95 %, Wilson, over images",
    "ci_high": "fraction; 95 %, Wilson, over images",
    "accuracy_loss": "fraction lost of the images as they are; paired",
    "loss_ci_low": "fraction; 95 %, Student's t, paired over images",
    "loss_ci_high": "fraction; 95 %, Student's t, paired over images",
    "growing": "fraction of the controls that displace more than at the strength before",
    "n_images": "images",
}
TRANSFORMATION_UNITS = {"value": "column unit"}
EXAMPLE_UNITS = {"image": "0-255, (channel, row, column)", "first": "of the control vector", "second": "likewise"}
Row = dict[str, Any]


@dataclass(frozen=True)
class Space:
    """Maps of positions, and how far they displace each image."""

    warp: Warp
    moved: Tensor  # (N,)


@dataclass(frozen=True)
class Paint:
    """Maps of colours, and how much they change each image."""

    matrix: Tensor  # (N, C, C + 1)
    changed: Tensor  # (N,)


@dataclass(frozen=True)
class Condition:
    """One way to transform; a None leaves space or colour alone."""

    kind: str
    control: str
    strength: float
    space: Space | None = None
    paint: Paint | None = None


@dataclass(frozen=True)
class Answers:
    """A condition's results, an image each."""

    right: np.ndarray  # (N,) bool
    spatial: np.ndarray  # (N,) displacement
    colour: np.ndarray  # (N,) displacement


def evaluate(
    transformer: InvariantTransformer,
    classifier: Classifier,
    images: Split,
    config: TransformerEvaluation,
    seed: int,
    label: str = "invariant transformer",
) -> list[Row]:
    """Rows with the columns of UNITS, for test images."""
    images = balanced(images, config.images)
    random = torch_generator(seed, "evaluation")
    channels, size = images.shape[0], block_size(images.shape)
    maps = deepcopy(transformer).cpu().double()
    columns = 6 if transformer.description["spatial"] == "quadratic" else 3
    controls, warps, colours = (
        2 * torch.rand(len(images), 2, transformer.controls, generator=random, dtype=torch.float64) - 1,
        torch.randn(len(images), 2, columns, generator=random, dtype=torch.float64),
        torch.randn(len(images), channels, channels + 1, generator=random, dtype=torch.float64),
    )
    found: dict[tuple[str, str, float], list[Answers]] = {}
    starts = range(0, len(images), size)
    for start in track(starts, label, len(starts)):
        part = slice(start, start + size)
        block = images.at(np.arange(len(images))[part])
        x, labels = torch.from_numpy(block.pixels).double() / 255, torch.from_numpy(block.labels)
        for condition in conditions(maps, x, controls[part], warps[part], colours[part], config.strengths):
            place = condition.kind, condition.control, condition.strength
            found.setdefault(place, []).append(answer(transformer, classifier, x, labels, condition))
    answers = {place: joined(parts) for place, parts in found.items()}
    return table_rows(answers | {(IDENTITY, control, 0.0): answers[IDENTITY, CONTROLS[0], 0.0] for control in CONTROLS})


def conditions(
    maps: InvariantTransformer, x: Tensor, controls: Tensor, warps: Tensor, colours: Tensor, strengths: Sequence[float]
) -> Iterator[Condition]:
    """Every kind, control and strength for some images (N, C, H, W), their controls (N, 2, p) and random directions."""
    yield Condition(IDENTITY, CONTROLS[0], 0.0)  # of any control
    size = x.shape[2:]
    for strength in sorted(strengths):
        learned = maps.spatial(strength * controls[:, 0]), maps.colour(strength * controls[:, 1])
        moved, changed = spatial_displacement(learned[0], *size), colour_displacement(x, learned[1])
        random = random_warps(warps, moved, *size), random_colours(colours, changed, x)
        for kind, (warp, matrix) in ((LEARNED, learned), (RANDOM, random)):
            space = Space(warp, spatial_displacement(warp, *size))
            paint = Paint(matrix, colour_displacement(x, matrix))
            yield Condition(kind, "alpha", strength, space)
            yield Condition(kind, "beta", strength, None, paint)
            yield Condition(kind, "both", strength, space, paint)


@torch.inference_mode()
def answer(
    transformer: InvariantTransformer, classifier: Classifier, x: Tensor, labels: Tensor, condition: Condition
) -> Answers:
    """Classify a block of images under a condition."""
    device, nothing = classifier.mean.device, np.zeros(len(x))
    space, paint = condition.space, condition.paint
    block = torch.zeros(block_size(x.shape[1:]), *x.shape[1:], device=device)
    block[: len(x)] = render(
        x.float().to(device),
        None if space is None else space.warp.to(device, torch.float32),
        None if paint is None else paint.matrix.float().to(device),
        transformer.fill,
        transformer.interpolation,
    )
    predicted = classifier(block)[: len(x)].argmax(1).cpu()
    return Answers(
        (predicted == labels).numpy(),
        nothing if space is None else space.moved.numpy(),
        nothing if paint is None else paint.changed.numpy(),
    )


def joined(parts: Sequence[Answers]) -> Answers:
    names = ("right", "spatial", "colour")
    return Answers(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def table_rows(found: dict[tuple[str, str, float], Answers]) -> list[Row]:
    """A row a condition, in order of control, kind and strength."""
    kinds = (IDENTITY, LEARNED, RANDOM)
    rows = []
    for place in sorted(found, key=lambda key: (CONTROLS.index(key[1]), kinds.index(key[0]), key[2])):
        (kind, control, strength), answers = place, found[place]
        clean = found[IDENTITY, control, 0.0].right
        below = [other for other in found if other[:2] == place[:2] and other[2] < strength]
        before = found[max(below)] if below else found[IDENTITY, control, 0.0]
        grown = displaced(answers) > displaced(before)
        accuracy = float(answers.right.mean())
        low, high = share_interval(accuracy, len(clean))
        lost = mean_interval(clean.astype(float) - answers.right)
        rows.append(
            {
                "kind": kind,
                "control": control,
                "strength": strength,
                "displacement": float(displaced(answers).mean()),
                "spatial_displacement": float(answers.spatial.mean()),
                "colour_displacement": float(answers.colour.mean()),
                "accuracy": accuracy,
                "ci_low": low,
                "ci_high": high,
                **dict(zip(("accuracy_loss", "loss_ci_low", "loss_ci_high"), lost, strict=True)),
                "growing": None if kind == IDENTITY else float(grown.mean()),
                "n_images": len(clean),
            }
        )
    return rows


def displaced(answers: Answers) -> np.ndarray:
    return answers.spatial + answers.colour


# --- what was learned -------------------------------------------------------------------------------------------------


@torch.no_grad()
def transformations(transformer: InvariantTransformer, config: TransformerEvaluation, seed: int) -> list[Row]:
    """Long rows (control, sample, quantity, unit, identity, value) of controls drawn from U(-1, 1)^p."""
    maps = deepcopy(transformer).cpu().double()
    random = torch_generator(seed, "transformations")
    drawn = 2 * torch.rand(2, config.samples, transformer.controls, generator=random, dtype=torch.float64) - 1
    parts = (
        ("alpha", SPATIAL, decompose_space(maps.spatial(drawn[0]))),
        ("beta", COLOUR, decompose_colour(maps.colour(drawn[1]))),
    )
    rows = []
    for control, quantities, values in parts:
        for quantity, column in values.items():
            unit, identity = quantities[quantity]
            shared = {"control": control, "quantity": quantity, "unit": unit, "identity": identity}
            rows += [shared | {"sample": sample, "value": value} for sample, value in enumerate(column.tolist())]
    return rows


@torch.inference_mode()
def examples(
    transformer: InvariantTransformer,
    classifier: Classifier,
    images: Split,
    config: TransformerEvaluation,
) -> list[Row]:
    """Grids of transformed images over the first two numbers of α, and of β, the others 0: rows with `image` uint8."""
    few = balanced(images, config.examples)
    chosen = few.at(np.arange(len(few)))
    device, size = classifier.mean.device, config.grid
    axis = torch.linspace(-1, 1, size)
    axis[size // 2] = 0.0
    plain = transformer.controls == 1
    second, first = torch.meshgrid(torch.zeros(1) if plain else axis.flip(0), axis, indexing="ij")  # rows from +1 down
    controls = torch.zeros(first.numel(), transformer.controls, device=device)
    controls[:, 0] = first.flatten()
    if not plain:
        controls[:, 1] = second.flatten()
    rows: list[Row] = []
    for index in range(len(chosen)):
        x = torch.from_numpy(chosen.pixels[[index]]).to(device).float().div_(255).expand(len(controls), -1, -1, -1)
        for control in ("alpha", "beta"):
            warp = transformer.spatial(controls) if control == "alpha" else None
            colour = transformer.colour(controls) if control == "beta" else None
            pictures = render(x, warp, colour, transformer.fill, transformer.interpolation)
            predicted = classifier(pictures).argmax(1).tolist()
            pixels = to_bytes(pictures).cpu().numpy()
            label = int(chosen.labels[index])
            shared = {
                "image_id": int(chosen.ids[index]),
                "class_name": chosen.class_names[label],
                "label": label,
                "control": control,
            }
            rows += [
                shared
                | {
                    "row": place // size,
                    "column": place % size,
                    "first": float(controls[place, 0]),
                    "second": float(second.flatten()[place]),
                    "predicted": predicted[place],
                    "image": pixels[place],
                }
                for place in range(len(controls))
            ]
    return rows


def summarise(rows: Sequence[Row], learned: Sequence[Row]) -> dict[str, Any]:
    """The figures of metrics.json, of the greatest strength up to 1: what was lost, what random ones lose, what moves.

    `monotone` says whether the mean displacement grows with every strength up to 1. Quantities: median and the middle
    95 % over controls.
    """
    strength = max((row["strength"] for row in rows if 0 < row["strength"] <= 1), default=0.0)
    found: dict[str, Any] = {"clean_accuracy": next(row["accuracy"] for row in rows if row["kind"] == IDENTITY)}
    found["strength"] = strength
    for control in CONTROLS:
        own = {(row["kind"], row["strength"]): row for row in rows if row["control"] == control}
        if (LEARNED, strength) in own:
            moved = [row["displacement"] for (kind, s), row in sorted(own.items()) if kind == LEARNED and s <= 1]
            found[control] = {
                "displacement": own[LEARNED, strength]["displacement"],
                "learned_accuracy": own[LEARNED, strength]["accuracy"],
                "learned_accuracy_loss": own[LEARNED, strength]["accuracy_loss"],
                "random_accuracy_loss": own[RANDOM, strength]["accuracy_loss"],
                "monotone": all(after > before for before, after in zip([0.0, *moved], moved, strict=False)),
            }
    values: dict[str, list[float]] = {}
    for row in learned:
        values.setdefault(row["quantity"], []).append(row["value"])
    middle = {name: np.quantile(column, (0.5, 0.025, 0.975)).tolist() for name, column in values.items()}
    found["transformations"] = {
        name: dict(zip(("median", "low", "high"), ends, strict=True)) for name, ends in middle.items()
    }
    return found
