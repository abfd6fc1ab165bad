"""Feature visualisation in one call, for notebooks."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from invariscope.classifiers.model_file import Classifier
from invariscope.errors import UserError
from invariscope.features.objectives import Objective, Probe, Shape, parse
from invariscope.features.optimise import Optimisation, optimise
from invariscope.features.parameterizations import (
    Cppn,
    Fourier,
    Palette,
    Parameterization,
    Pixels,
    fitted_palette,
)
from invariscope.features.robustness import Robustness, lucid
from invariscope.features.variety import dissimilar

# Of Adam, for each parameterization.
LEARNING_RATES = {"pixels": 0.05, "fourier": 0.05, "cppn": 0.003}


@dataclass(frozen=True)
class Visualization:
    """Images and what they are of, an entry an image."""

    objectives: tuple[str, ...]
    images: Tensor  # (N, C, H, W) uint8
    values: Tensor  # (N,) of the objective, on the image as it is
    dead: Tensor  # (N,) bool: no step had a gradient; the image shows nothing


def visualize(
    model: nn.Module,
    objectives: str | Objective | Sequence[str | Objective],
    *,
    parameterization: str | Parameterization = "fourier",
    robustness: Robustness | None = None,
    shape: Shape | None = None,
    pixels: Tensor | None = None,
    copies: int = 1,
    diversity: float = 0.0,
    diverse_in: str | None = None,
    steps: int = 256,
    learning_rate: float | None = None,
    seed: int = 0,
) -> Visualization:
    """Images that make units of `model` answer most, all optimised in one batch, on the model's device.

    `objectives` are texts such as "conv3:5", "class:9" or "conv3:5 - 0.5 * conv3:7" (the module `objectives` has all).
    `robustness` None is lucid's stack scaled to the images; `Robustness()` is none. `pixels` (N, C, H, W) in [0, 1],
    images of the model's kind, give the colours to start from. `shape` (C, H, W) is needed for a model that does not
    know it. With `copies` > 1 an objective has as many images; `diversity`, in units of the objective, keeps them from
    being alike in the channels of module `diverse_in`. Raises UserError for what the model does not have.
    """
    texts = [objectives] if isinstance(objectives, str | Objective) else list(objectives)
    size = shape or shape_of(model, pixels)
    wanted = [parse(one, getattr(model, "class_names", ())) if isinstance(one, str) else one for one in texts]
    probe = Probe(model, wanted, size)
    which = [number for number in range(len(wanted)) for _ in range(copies)]
    streams = [f"{wanted[number]}, copy {index % copies}" for index, number in enumerate(which)]
    penalty = None
    if diversity and copies > 1:
        if diverse_in is None:
            raise UserError("diverse_in: is missing; name the module whose channels images are to differ in")
        penalty = dissimilar(model, diverse_in, copies, diversity)
    name = parameterization if isinstance(parameterization, str) else ""
    settings = Optimisation(steps, learning_rate or LEARNING_RATES.get(name, 0.05))
    palette = None if pixels is None else fitted_palette(pixels)
    made = named_parameterization(name, size, palette) if isinstance(parameterization, str) else parameterization
    found = optimise(probe, which, streams, made, robustness or lucid(min(size[1:])), settings, seed, penalty)
    return Visualization(tuple(str(wanted[number]) for number in which), found.images, found.values, found.dead)


def named_parameterization(name: str, shape: Shape, palette: Palette | None = None) -> Parameterization:
    """The parameterization of that name, with the colours of a palette, if given. Raises UserError."""
    if name == "pixels":
        return Pixels(shape)
    if name == "fourier":
        return Fourier(shape, palette)
    if name == "cppn":
        return Cppn(shape, palette)
    raise UserError(f"parameterization: {name!r} is none; use {', '.join(LEARNING_RATES)}, or an object of that kind")


def shape_of(model: nn.Module, pixels: Tensor | None) -> Shape:
    """Channels, height and width of the images that a model takes. Raises UserError if nothing says it."""
    if isinstance(model, Classifier):
        return model.channels, model.size, model.size
    if pixels is not None:
        return pixels.shape[1], pixels.shape[2], pixels.shape[3]
    raise UserError("shape: is missing; give (channels, height, width) of the images that the model takes")
