"""What a network ignores of a factor, asked directly: four methods, one score each, the larger the more it ignores.

- `rendering`: accuracy over the range of the factor, the picture drawn again at each value, over that at the held one.
  This is the network's behaviour itself, which only a data set with known factors can show.
- `screening`: how far the factor's counterpart among the families goes before accuracy falls under a level.
- `lie_derivative`: minus the logarithm of the local error (relative, `invariance.lie_derivative`), layer by layer: of
  equivariance for a family that moves positions, of invariance for others. Without a family images move along the
  factor's own tangent.
- `goodfellow`: how much more often than by chance units still fire (`invariance.goodfellow`), layer by layer, the
  picture drawn again over the range of the factor.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from invariscope.classifiers.evaluation import predict
from invariscope.classifiers.model_file import Classifier
from invariscope.data.rendering import open_renderer
from invariscope.data.table import Split, balanced, balanced_places
from invariscope.features.objectives import CLASS
from invariscope.ground_truth.config import Probe, Twins
from invariscope.ground_truth.probes import Asked, ask
from invariscope.ground_truth.tangents import tangents
from invariscope.invariance.goodfellow import Firing, Trajectory, unit_scores
from invariscope.invariance.lie_derivative import lie_errors
from invariscope.invariance.motions import Motion
from invariscope.runtime import torch_generator
from invariscope.screening.config import Condition, Rendering, Thresholds, groups_of
from invariscope.screening.families import FAMILIES
from invariscope.screening.screen import screen
from invariscope.screening.thresholds import crossings

RENDERING, SCREENING, LIE, GOODFELLOW = "rendering", "screening", "lie_derivative", "goodfellow"
UNITS = {
    RENDERING: "mean accuracy over the factor's range, over accuracy at its held value",
    SCREENING: "family's unit from where nothing changes; mean over directions; the grid's end if never reached",
    LIE: "relative error; 1: output moves wrongly by as much of its spread as the image moves of its",
    GOODFELLOW: "local over global firing rate, best units of the layer",
}
SMALLEST = 1e-6  # a relative error of nothing has a logarithm, too
PLACES = 64  # units of a map that the score under a translation is of
Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """A factor, and all that its answers need which no classifier changes: drawn once, asked of many."""

    asked: Asked
    swept: dict[float, np.ndarray]  # by value, (N, C, H, W) uint8
    tangent: Tensor  # (n, C, H, W), of the first images of the Lie derivative
    locally: np.ndarray  # (n,) places of these images


def questions(data: Mapping[str, Any], test: Split, twins: Twins, probe: Probe) -> list[Question]:
    """A question about each factor, on test images of a study whose block `data` is."""
    chosen, varied = balanced(test, probe.images), data.get("factors", {})
    images = chosen.at(np.arange(len(chosen)))
    renderer = open_renderer(data["source"], images.shape[1])
    return [
        prepare(ask(renderer, images, factor, about, varied, probe.values), data["source"], probe)
        for factor, about in twins.factors.items()
    ]


def prepare(asked: Asked, source: str, probe: Probe) -> Question:
    """Draw what the answers need."""
    locally = balanced_places(asked.images.labels, probe.lie_images)
    chosen = asked.images.at(locally)
    along = tangents(source, chosen.labels, chosen.factors, [asked.factor], chosen.shape[1])[:, 0]
    swept = {value: asked.at(value) for value in asked.values.tolist()}
    return Question(asked, swept, torch.from_numpy(along), locally)


def direct_rows(
    classifier: Classifier,
    question: Question,
    grids: Mapping[str, Sequence[float]],
    probe: Probe,
    seed: int,
) -> Iterator[Row]:
    """Rows (factor, method, layer, value, score) of all four methods; `grids`: magnitudes of families."""
    factor, family = {"factor": question.asked.factor}, question.asked.family
    yield factor | tolerance(classifier, question)
    if family:
        yield factor | threshold(classifier, question.asked, grids[family], probe, seed)
    yield from (factor | row for row in local_errors(classifier, question, probe.layers))
    yield from (factor | row for row in firing(classifier, question, probe, seed))


def tolerance(classifier: Classifier, question: Question) -> Row:
    """Mean accuracy over the factor's range, over that of the images as they are."""
    labels = question.asked.images.labels
    found = [accuracy(classifier, pixels, labels) for pixels in question.swept.values()]
    clean = accuracy(classifier, question.asked.images.pixels, labels)
    value = float(np.mean(found)) / clean if clean else float("nan")
    return row(RENDERING, CLASS, value, value)


def accuracy(classifier: Classifier, pixels: np.ndarray, labels: np.ndarray) -> float:
    return float((predict(classifier, pixels).argmax(1).numpy() == labels).mean())


def threshold(classifier: Classifier, asked: Asked, grid: Sequence[float], probe: Probe, seed: int) -> Row:
    """How far from its identity the family goes, in the directions in which the factor varies."""
    identity = FAMILIES[asked.family].identity
    conditions = sided(asked, grid)
    device = classifier.mean.device
    answers = screen(classifier, asked.images, conditions, Rendering(), seed, device)
    config = Thresholds(probe.level, ("accuracy",), resamples=0)
    found = crossings(answers, groups_of(answers.sizes, {}), config, seed, of_classes=False).values()
    ends = [crossing.places[0] if np.isfinite(crossing.places[0]) else crossing.grid_end for crossing in found]
    value = float(np.mean([abs(end - identity) for end in ends]))
    return row(SCREENING, CLASS, value, value)


def sided(asked: Asked, grid: Sequence[float]) -> list[Condition]:
    """The family's magnitudes on the sides on which the factor varies, and the identity."""
    identity = FAMILIES[asked.family].identity
    lower, upper = asked.values[0] < asked.held, asked.values[-1] > asked.held
    return [
        (asked.family, float(magnitude))
        for magnitude in sorted(grid)
        if magnitude == identity or (magnitude < identity and lower) or (magnitude > identity and upper)
    ]


def local_errors(classifier: Classifier, question: Question, layers: Sequence[str]) -> list[Row]:
    """The Lie derivative of every layer, and of the whole."""
    x = question.asked.images.at(question.locally).tensors()[0]
    motion = Motion(question.asked.family) if question.asked.family else question.tangent
    found = lie_errors(classifier, x, layers, motion)
    errors = found.relative("cumulative")
    return [
        row(LIE, layer, error, -np.log(max(error, SMALLEST)) if np.isfinite(error) else np.nan)
        for layer, error in zip(found.layers, errors.tolist(), strict=True)
    ]


def firing(classifier: Classifier, question: Question, probe: Probe, seed: int) -> list[Row]:
    """Goodfellow's score of every layer, and of the whole."""
    images = question.asked.images.tensors()[0]
    # The mean of a channel undoes translations in any network.
    places = PLACES if question.asked.family.startswith("translation") else None
    scores = unit_scores(
        classifier,
        images,
        [*probe.layers, CLASS],
        redrawn(question),
        Firing(probe.rate, places),
        generator=torch_generator(seed, "places"),
    )
    values = {layer: found.layer_score(probe.best) for layer, found in scores.items()}
    return [row(GOODFELLOW, layer, value, value) for layer, value in values.items()]


def redrawn(question: Question) -> Trajectory:
    """The images at every other value of the factor; ids are places."""

    def trajectory(_: Tensor, ids: Sequence[int]) -> Iterable[Tensor]:
        chosen = np.asarray(ids, np.int64)  # none, if every unit is constant
        return (torch.from_numpy(question.swept[value][chosen]).float() / 255 for value in question.asked.others)

    return trajectory


def row(method: str, layer: str, value: float, score: float) -> Row:
    return {"method": method, "layer": layer, "value": float(value), "score": float(score)}
