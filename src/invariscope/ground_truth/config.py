"""Parameters of the ground truth, as params.yaml names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from invariscope.errors import UserError
from invariscope.filter_gan.config import Traversal
from invariscope.transformer.config import TransformerTraining

ALL = "all_varied"  # the twin in whose training every factor varies
FIXED = "_fixed"  # a twin's name is that of the factor that its training images all have at one value, and this


@dataclass(frozen=True)
class HeldFactor:
    """A factor that is varied in the training of all twins but one."""

    held: float  # its value in that one's training, and in all test images, in its own unit
    family: str = ""  # the family of screening that does to a picture what the factor does; none: ""


@dataclass(frozen=True)
class Twins:
    """Classifiers that differ in what their training images vary in, and in nothing else."""

    classifier: str  # of the study: its architecture and its training
    factors: Mapping[str, HeldFactor]
    seeds: int = 5  # repetitions, each with other images and other initial weights


@dataclass(frozen=True)
class Probe:
    """How twins are asked directly."""

    layers: tuple[str, ...]  # beside the whole network
    images: int = 300  # test images
    values: int = 9  # of a factor, evenly over the range in which twins see it vary
    level: float = 0.5  # share of clean accuracy, under which it is a threshold of screening
    rate: float = 0.02  # share of images on which a unit fires (Goodfellow)
    best: float = 0.2  # share of a layer's units that make its score (Goodfellow)
    lie_images: int = 60  # test images that the Lie derivative is averaged over


@dataclass(frozen=True)
class Extraction:
    """How a twin's invariances are learned rather than asked for: by filter-GANs and an invariant transformer."""

    layers: tuple[str, ...]  # with a filter-GAN each
    training: Mapping[str, Any]  # of a filter-GAN
    traversal: Traversal
    transformer: TransformerTraining
    samples: int = 200  # controls whose transformations are taken apart


def twin_names(factors: Mapping[str, Any]) -> list[str]:
    """The twins: all factors varied, then each of them held."""
    return [ALL, *(factor + FIXED for factor in factors)]


def held_by(twin: str, factors: Mapping[str, HeldFactor]) -> dict[str, float]:
    """What a twin's training images have at one value: nothing, or one factor. Raises UserError for no twin."""
    if twin not in twin_names(factors):
        raise UserError(f"{twin!r} is no twin; there are {', '.join(twin_names(factors))}")
    return {} if twin == ALL else {(name := twin.removesuffix(FIXED)): factors[name].held}
