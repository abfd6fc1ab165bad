"""Compare how far a study's classifiers can be pushed, image by image."""

from pathlib import Path
from typing import Any

from invariscope.data.table import write_rows
from invariscope.params import build
from invariscope.screening.comparison import COMPARISON_UNITS, DIFFERENCES, comparison_rows
from invariscope.screening.config import Thresholds, groups_of
from invariscope.screening.responses import open_responses

PARAMS = {
    "seed": "seed",
    "classifiers": "{study}.screening.classifiers",
    "thresholds": "{study}.screening.thresholds",
    "groups": "{study}.screening.groups",
}


def run(params: dict[str, Any], study: str, *, responses: list[Path], comparison: Path) -> None:
    """`responses`: a file a classifier, in the order of `screening.classifiers`."""
    answers = {name: open_responses(path) for name, path in zip(params["classifiers"], responses, strict=True)}
    groups = groups_of(next(iter(answers.values())).sizes, params["groups"])
    config, origin = build(Thresholds, params["thresholds"]), {"study": study, "seed": params["seed"]}
    rows = comparison_rows(answers, groups, config, params["seed"], origin)
    write_rows(comparison, rows, COMPARISON_UNITS, numbers=("threshold", "other_threshold", *DIFFERENCES))
