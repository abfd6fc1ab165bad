"""How far thresholds hang on what no one meant to test: what fills the edge, and how pixels are resampled.

The same images under each rendering, one change at a time; differences are paired over images.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from invariscope.data.table import ImageSet
from invariscope.screening.comparison import difference
from invariscope.screening.config import Condition, Groups, Rendering, Thresholds
from invariscope.screening.curves import curve_rows
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import Origin, described
from invariscope.screening.screen import screen
from invariscope.screening.thresholds import Crossing, Key, crossings, labelled, threshold_columns

Rows = list[dict[str, Any]]


def sensitivity_rows(
    classifier: Callable[[Tensor], Tensor],
    images: ImageSet,
    conditions: list[Condition],
    renderings: list[Rendering],
    config: Thresholds,
    groups: Groups,
    seed: int,
    device: torch.device,
    origin: Origin,
    batch_size: int = 256,
) -> tuple[Rows, Rows]:
    """Curves and thresholds of the groups, under each of `renderings` that concerns a family.

    Threshold rows say also how much further the classifier holds out than under the first rendering (`difference`).
    """
    curves: Rows = []
    thresholds: Rows = []
    usual: dict[Key, Crossing] = {}
    for rendering in renderings:
        swept = [step for step in conditions if rendering == renderings[0] or _concerns(step[0], rendering, renderings)]
        if not swept:
            continue
        answers = screen(classifier, images, swept, rendering, seed, device, batch_size)
        curves += [row for row in curve_rows(answers, groups, origin) if row["class_name"] in groups]
        found = {key: value for key, value in crossings(answers, groups, config, seed).items() if key[2] in groups}
        usual = usual or found
        thresholds += [
            {
                **origin,
                **labelled(key, groups),
                **threshold_columns(crossing, key[3], config),
                **difference(crossing, usual[key], FAMILIES[key[0]].identity, config.confidence),
                "n_images": crossing.n_images,
                **described(answers, key[0]),
            }
            for key, crossing in found.items()
        ]
    return curves, thresholds


def _concerns(family: str, rendering: Rendering, renderings: list[Rendering]) -> bool:
    return rendering.recorded(family) != renderings[0].recorded(family)
