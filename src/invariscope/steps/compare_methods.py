"""Put all methods' scores of all twins side by side: who tells twins apart, who agrees, and the verdict."""

from pathlib import Path
from typing import Any

from invariscope.data.table import read_table, write_rows
from invariscope.files import write_json, write_text
from invariscope.ground_truth import compare
from invariscope.ground_truth.verdict import page, verdicts
from invariscope.seeding import derive

PARAMS = {"seed": "seed", "comparison": "{study}.ground_truth.comparison", "seeds": "{study}.ground_truth.twins.seeds"}


def run(
    params: dict[str, Any],
    study: str,
    *,
    parts: list[Path],
    factors: Path,
    differences: Path,
    auc: Path,
    roc: Path,
    agreement: Path,
    metrics: Path,
    verdict: Path,
) -> None:
    """`parts`: what was measured and what was extracted, a file a twin each."""
    origin = {"study": study, "seed": params["seed"]}
    together = compare.with_method_means(compare.scored(row for path in parts for row in read_table(path).to_pylist()))
    seed, resamples = derive(params["seed"], "compare", study), params["comparison"]["resamples"]
    apart = compare.difference_rows(together)
    told = compare.auc_rows(together, resamples, seed)
    agreed = compare.agreement_rows(together, resamples, seed)
    write_rows(factors, together, compare.COMPARED_UNITS, ("value", *compare.BESIDE))
    for path, rows, units in (
        (differences, apart, compare.DIFFERENCE_UNITS),
        (auc, told, compare.AUC_UNITS),
        (roc, compare.roc_rows(together), compare.ROC_UNITS),
        (agreement, agreed, compare.AGREEMENT_UNITS),
    ):
        write_rows(path, [origin | row for row in rows], units)
    found = verdicts(apart, told, agreed)
    write_json(metrics, found)
    write_text(verdict, page(found, study, params["seeds"]))
