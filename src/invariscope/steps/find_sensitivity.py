"""Find how far a classifier's thresholds hang on fill and interpolation."""

from pathlib import Path
from typing import Any

from invariscope.data.table import write_rows
from invariscope.params import build
from invariscope.screening.comparison import DIFFERENCES
from invariscope.screening.config import Thresholds, groups_of
from invariscope.screening.curves import CURVE_UNITS
from invariscope.screening.responses import open_screenings
from invariscope.screening.sensitivity import sensitivity_rows
from invariscope.screening.thresholds import NUMBERS, UNITS

PARAMS = {"seed": "seed", "thresholds": "{study}.screening.thresholds", "groups": "{study}.screening.groups"}


def run(
    params: dict[str, Any], study: str, classifier: str, *, responses: Path, curves: Path, thresholds: Path
) -> None:
    seed, screenings = params["seed"], open_screenings(responses)
    groups = groups_of(screenings[0].sizes, params["groups"])
    origin = {"study": study, "classifier": classifier, "seed": seed}
    config = build(Thresholds, params["thresholds"])
    of_curves, of_thresholds = sensitivity_rows(screenings, groups, config, seed, origin)
    write_rows(curves, of_curves, CURVE_UNITS)
    write_rows(thresholds, of_thresholds, UNITS, numbers=(*NUMBERS, *DIFFERENCES))
