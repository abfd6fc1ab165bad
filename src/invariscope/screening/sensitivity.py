"""How far thresholds hang on what no one meant to test: what fills the edge, and how pixels are resampled.

The same images under each rendering, one change at a time; differences are paired over images.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from invariscope.data.table import ImageSet
from invariscope.screening.comparison import check_paired, difference
from invariscope.screening.config import Condition, Groups, Rendering, Thresholds
from invariscope.screening.curves import curve_rows
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import Answers, Origin, Responses, by_class, described
from invariscope.screening.screen import screen_blocks
from invariscope.screening.thresholds import Crossing, Key, crossings, labelled, threshold_columns

Rows = list[dict[str, Any]]


def screen_renderings(
    classifier: Callable[[Tensor], Tensor],
    images: ImageSet,
    conditions: Sequence[Condition],
    renderings: Sequence[Rendering],
    seed: int,
    device: torch.device,
    batch_size: int = 256,
) -> Iterator[Responses]:
    """`screen` under each rendering, class by class; all but the first only for the families that they change."""
    for rendering in renderings:
        swept = [
            step
            for step in conditions
            if rendering == renderings[0] or rendering.recorded(step[0]) != renderings[0].recorded(step[0])
        ]
        if swept:
            yield from by_class(screen_blocks(classifier, images, swept, rendering, seed, device, batch_size))


def sensitivity_rows(
    screenings: Sequence[Answers], groups: Groups, config: Thresholds, seed: int, origin: Origin
) -> tuple[Rows, Rows]:
    """Curves and thresholds of the groups under every rendering, the usual one first.

    Threshold rows say also how much further the classifier holds out than under the usual rendering (`difference`).
    """
    curves: Rows = []
    thresholds: Rows = []
    usual: dict[Key, Crossing] = {}
    for answers in screenings:
        check_paired(screenings[0], answers, "the renderings", same_conditions=False)
        curves += [row for row in curve_rows(answers, groups, origin) if row["class_name"] in groups]
        found = crossings(answers, groups, config, seed, of_classes=False)
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
