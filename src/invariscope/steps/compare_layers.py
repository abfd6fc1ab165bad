"""Compare what the traversals of a classifier's layers change: pixels, or geometry?"""

from pathlib import Path
from typing import Any

from invariscope.data.table import read_table, write_rows
from invariscope.errors import UserError, placed
from invariscope.files import write_json
from invariscope.filter_gan.config import Comparison
from invariscope.filter_gan.layer_comparison import COLUMNS, change_rows, checks, compare, image_changes, summarise
from invariscope.params import build
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "comparison": "{study}.filter_gan.comparison"}
UNITS = {"original": "column unit", "change": "column unit", "compared": "column scale"}
COMPARED = ("mean_a", "mean_b", "difference", "ci_low", "ci_high")


def run(
    params: dict[str, Any],
    study: str,
    classifier: str,
    *,
    traversals: list[Path],
    attributes: Path,
    comparison: Path,
    metrics: Path,
) -> None:
    """The traversals are those of the layers, the earliest first."""
    layers, tables = {}, {}
    for path in traversals:
        names = read_table(path, COLUMNS)["layer"].unique().to_pylist()
        table = read_table(path)
        with placed(path):
            if len(names) != 1 or names[0] in layers:
                raise UserError(f"holds the traversals of {names}; a table for every layer is needed")
            layers[names[0]], tables[names[0]] = image_changes(table), table
    if len(layers) < 2:
        raise UserError(
            f"params.yaml: {study}.filter_gan.layers.{classifier}: has {', '.join(layers)} alone;"
            " name another layer to compare it with"
        )
    config, seed = build(Comparison, params["comparison"]), params["seed"]
    stream = derive(seed, "compare_layers", study, classifier)
    rows = compare(layers, config, stream)
    if not rows:
        raise UserError(f"{traversals[0]}: shares fewer than two images with every other layer's; run them all again")
    origin = {"study": study, "classifier": classifier, "seed": seed}
    write_rows(attributes, [origin | row for row in change_rows(layers)], UNITS)
    write_rows(comparison, [origin | row for row in rows], dict.fromkeys(COMPARED, "column scale"))
    write_json(metrics, summarise(layers, rows, checks(tables, config, stream)))
