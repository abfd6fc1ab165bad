"""What a network ignores of a factor, as the learned methods find it; one score each, the larger the more.

- `filter_gan`: how much of the motion of an invariance traversal of a layer lies along the factor's tangent (METHODS
  2), mean over the points of all grids that move at all. The score is what would be lost without this tangent among
  those of all factors (`explained`: unique): some look alike, as a thicker pen and a brighter one do, and by the share
  that a tangent explains alone a network that ignores the one seems to ignore the other. Beside it what is to be
  expected of a motion as smooth but unrelated (`chance`), and what the factor's own motion of equal size would reach
  (`ceiling`), both alone: tangents tell small changes only.
- `random_filters`: the same of traversals under filters that nothing was learned for: the real ones, moved at random by
  as much as the filter-GAN's spread. What the filter-GAN says beyond this, it has learned.
- `transformer`: by how much an invariant transformer, trained on the network alone, changes its pictures in what is
  the factor's counterpart among its quantities: their standard deviation over random controls.

The images that traversals start from have every factor at its held value: all twins know them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.model_file import Classifier
from invariscope.classifiers.surgery import find_convolution
from invariscope.data.rendering import Renderer, open_renderer
from invariscope.data.table import Images, Split, balanced, column_images
from invariscope.features.objectives import CLASS
from invariscope.filter_gan import train as filter_gan
from invariscope.filter_gan import traversal
from invariscope.filter_gan.banks import RandomBanks
from invariscope.filter_gan.config import layer_config
from invariscope.ground_truth.config import Extraction, HeldFactor
from invariscope.ground_truth.direct import Row, row
from invariscope.ground_truth.explained import Explained, explained, null_motions
from invariscope.ground_truth.probes import drawn, ranges
from invariscope.ground_truth.tangents import tangents
from invariscope.runtime import torch_generator
from invariscope.seeding import derive
from invariscope.transformer import train as transformer
from invariscope.transformer.decomposition import decompose_colour, decompose_space

FILTER_GAN, RANDOM_FILTERS, TRANSFORMER = "filter_gan", "random_filters", "transformer"
SHARE = "share of the motion's sum of squares along the factor's tangent alone; score: what would be lost without it"
UNITS = {
    FILTER_GAN: SHARE,
    RANDOM_FILTERS: SHARE,
    TRANSFORMER: "quantity's unit; standard deviation over random controls",
}
QUANTITIES = {  # the transformer's quantity that is a family's counterpart
    "translation_x": "translation_x",
    "translation_y": "translation_y",
    "rotation": "rotation",
    "scale_x": "scale_x",
    "scale_y": "scale_y",
    "contrast": "gain",
    "brightness": "offset",
}
STEPS = 2.0 ** -np.arange(8)  # shares of the factor's range that its own motions are drawn at
STILL = 1e-3  # root mean square, intensity: a traversal's point that moves less has no direction but rounding


@dataclass(frozen=True)
class Start:
    """Where traversals begin, and what the factors do there."""

    images: Images  # with every factor at its held value
    directions: np.ndarray  # (N, F, C, H, W) tangents
    own: Mapping[str, tuple[np.ndarray, np.ndarray]]  # by factor, what `own_motions` gives


def starts(data: Mapping[str, Any], test: Split, factors: Mapping[str, HeldFactor], count: int) -> Start:
    """From test images of a study whose block `data` is."""
    chosen = balanced(test, count)
    source, size = data["source"], chosen.shape[1]
    renderer = open_renderer(source, size)
    images = drawn(renderer, chosen.at(np.arange(len(chosen))), {name: about.held for name, about in factors.items()})
    known = ranges(renderer, data.get("factors", {}))
    directions = tangents(source, images.labels, images.factors, list(factors), size)
    own = {
        name: own_motions(renderer, images, directions[:, [place]], name, known[name].high - known[name].low)
        for place, name in enumerate(factors)
    }
    return Start(images, directions, own)


def traversal_rows(
    classifier: Classifier,
    layer: str,
    training: Images,
    start: Start,
    config: Extraction,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "filter-GAN",
) -> list[Row]:
    """Rows of one layer, a factor each; the filter-GAN is trained on the twin's own images."""
    path, settings = layer_config(config.training, {}, layer)
    made, _ = filter_gan.train(classifier, path, settings, training, start.images, seed, checkpoint, label)
    real = find_convolution(classifier.network, path).weight.detach()
    rows = []
    for method, banks in ((FILTER_GAN, made), (RANDOM_FILTERS, RandomBanks(made, real, seed))):
        table = traversal.traverse(
            classifier, path, banks, start.images, config.traversal, derive(seed, "traversal"), f"{label}, {method}"
        )
        motion, image = moving(table, start.images)
        chance = shares(null_motions(motion, torch_generator(seed, "phases")), image, start.directions).alone
        rows += share_rows(method, layer, motion, image, chance, start)
    return rows


def share_rows(
    method: str, layer: str, motion: np.ndarray, image: np.ndarray, chance: np.ndarray, start: Start
) -> list[Row]:
    """A row a factor of motions (P, C, H, W) of images (P,), beside shares (P, F) by chance."""
    found, size = shares(motion, image, start.directions), root_mean_square(motion)
    return [
        {"factor": factor}
        | row(method, layer, mean(found.alone[:, place]), mean(found.unique[:, place]))
        | {"chance": mean(chance[:, place]), "ceiling": mean(ceiling(size, image, *start.own[factor]))}
        | {"moving": len(motion), "rms_change": mean(size)}
        for place, factor in enumerate(start.own)
    ]


def moving(table: Mapping[str, Any], start: Images) -> tuple[np.ndarray, np.ndarray]:
    """Motions (P, C, H, W), intensity, of the points of a traversal that move, and the place (P,) of each's image."""
    pixels = column_images(pa.chunked_array([table["image"]]))
    image = np.searchsorted(start.ids, np.asarray(table["image_id"]))
    motion = (pixels.astype(np.float64) - start.pixels[image]) / 255
    moves = root_mean_square(motion) > STILL
    return motion[moves], image[moves]


def root_mean_square(motion: np.ndarray) -> np.ndarray:
    """Sizes (P,) of motions (P, C, H, W)."""
    return np.sqrt(np.square(motion).mean(axis=(1, 2, 3)))


def shares(motion: np.ndarray, image: np.ndarray, directions: np.ndarray) -> Explained:
    """R² of motions (P, C, H, W) on the tangents (N, F, C, H, W) of their images (P,)."""
    pixels = int(np.prod(motion.shape[1:]))
    return explained(motion.reshape(-1, pixels), directions.reshape(*directions.shape[:2], pixels)[image])


def own_motions(
    renderer: Renderer, start: Images, along: np.ndarray, factor: str, extent: float
) -> tuple[np.ndarray, np.ndarray]:
    """Sizes (S, N), root mean square, of the motions that the factor itself makes of the starting images, by steps of
    its range's extent to both sides, and the R² (S, N) of each on the factor's tangents `along` (N, 1, C, H, W)."""
    still, places = renderer.render(start.labels, start.factors), np.arange(len(start))
    sizes, found = [], []
    for step in np.concatenate([STEPS, -STEPS]) * extent:
        moved = renderer.render(start.labels, start.factors | {factor: start.factors[factor] + step})
        motion = moved.astype(np.float64) - still
        sizes.append(root_mean_square(motion))
        found.append(shares(motion, places, along).alone[:, 0])
    return np.array(sizes), np.array(found)


def ceiling(size: np.ndarray, image: np.ndarray, sizes: np.ndarray, found: np.ndarray) -> np.ndarray:
    """R² (P,) that the factor's own motion of the same image and the nearest size has on its tangent."""
    distance = np.abs(np.log(np.maximum(sizes[:, image], STILL)) - np.log(size))  # (S, P)
    return found[:, image][distance.argmin(axis=0), np.arange(len(size))]


def transformer_rows(
    classifier: Classifier,
    factors: Mapping[str, HeldFactor],
    training: Images,
    config: Extraction,
    seed: int,
    checkpoint: Checkpoint | None = None,
    label: str = "invariant transformer",
) -> list[Row]:
    """Rows of the factors that have a counterpart among a transformer's quantities."""
    wanted = {name: QUANTITIES[about.family] for name, about in factors.items() if about.family in QUANTITIES}
    if not wanted:
        return []
    maps, _ = transformer.train(classifier, config.transformer, training, seed, checkpoint, label)
    controls = 2 * torch.rand(2, config.samples, maps.controls, generator=torch_generator(seed, "controls")) - 1
    with torch.no_grad():
        alpha, beta = controls.to(classifier.mean.device)
        found = decompose_space(maps.spatial(alpha)) | decompose_colour(maps.colour(beta))
    values = {factor: float(found[quantity].std()) for factor, quantity in wanted.items()}
    return [{"factor": factor} | row(TRANSFORMER, CLASS, value, value) for factor, value in values.items()]


def mean(values: Sequence[float] | np.ndarray) -> float:
    """Of what is known; NaN if nothing is."""
    known = np.asarray(values)[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
