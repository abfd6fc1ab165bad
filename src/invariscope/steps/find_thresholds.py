"""Find the magnitude at which each class is lost, with bootstrap intervals."""

from pathlib import Path
from typing import Any

from invariscope.data.table import write_rows
from invariscope.files import write_json
from invariscope.params import build
from invariscope.screening.config import Thresholds, groups_of
from invariscope.screening.responses import open_responses
from invariscope.screening.thresholds import NUMBERS, UNITS, summary, threshold_rows

PARAMS = {"seed": "seed", "thresholds": "{study}.screening.thresholds", "groups": "{study}.screening.groups"}


def run(
    params: dict[str, Any], study: str, classifier: str, *, responses: Path, thresholds: Path, metrics: Path
) -> None:
    seed, answers = params["seed"], open_responses(responses)
    groups = groups_of(answers.sizes, params["groups"])
    origin = {"study": study, "classifier": classifier, "seed": seed}
    rows = threshold_rows(answers, groups, build(Thresholds, params["thresholds"]), seed, origin)
    write_rows(thresholds, rows, UNITS, numbers=NUMBERS)
    write_json(metrics, summary(answers, rows))
