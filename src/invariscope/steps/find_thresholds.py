"""Find the magnitude at which each class is lost, with bootstrap intervals."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from invariscope.data.table import write_table
from invariscope.files import write_json
from invariscope.params import build
from invariscope.screening.config import Thresholds
from invariscope.screening.responses import read_responses
from invariscope.screening.thresholds import summary, threshold_rows

PARAMS = {"seed": "seed", "thresholds": "{study}.screening.thresholds"}


def run(
    params: dict[str, Any], study: str, classifier: str, *, responses: Path, thresholds: Path, metrics: Path
) -> None:
    seed, answers = params["seed"], read_responses(responses)
    origin = {"study": study, "classifier": classifier, "seed": seed}
    rows = threshold_rows(answers, build(Thresholds, params["thresholds"]), seed, origin)
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    for name in ("threshold", "ci_low", "ci_high", "level"):  # numbers, even where all are null
        columns[name] = pa.array(columns[name], pa.float64())
    units = dict.fromkeys(("threshold", "ci_low", "ci_high", "grid_end"), "column unit")
    write_table(thresholds, columns, units | {"level": "share of clean"})
    write_json(metrics, summary(answers, rows))
