"""Drawn data sets, opened to be drawn again: at other factors than those of their images, or as masks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module

import numpy as np

from invariscope.data.factors import Factor
from invariscope.data.sources import DRAWN, module_of
from invariscope.errors import UserError

Factors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Renderer:
    """How a drawn data set paints its images, where they are painted, and in which factors they change continuously."""

    render: Callable[[np.ndarray, Factors], np.ndarray]  # labels (N,), factors -> (N, C, H, W) float32 in [0, 1]
    mask: Callable[[np.ndarray, Factors], np.ndarray]  # -> (N, H, W) bool; the inside of an outline is background
    continuous: Mapping[str, Factor]  # with the data set's own ranges, whatever params.yaml overrides


def open_renderer(name: str, size: int) -> Renderer:
    """The data source called `name`, for images of `size` px. Raises UserError if it is not drawn from factors."""
    if name not in DRAWN:
        raise UserError(f"data.source: {name!r} is not drawn from known factors; {' and '.join(DRAWN)} are")
    module = import_module(module_of(name))
    numbers = getattr(module, "WHOLE", ())
    continuous = {factor: found for factor, found in module.FACTORS.items() if factor not in numbers}
    if name == "procedural_shapes":
        return Renderer(partial(module.render, size=size), partial(module.mask, size=size, inside=False), continuous)
    return Renderer(lambda *drawn: module.render(*drawn, size)[:, None], partial(module.mask, size=size), continuous)
