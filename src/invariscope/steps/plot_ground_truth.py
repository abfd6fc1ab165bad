"""Draw what all methods say of a study's twins, how they agree, and how well they tell twins apart."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import method_agreement, twin_roc, twin_scores


def run(
    study: str,
    *,
    factors: Path,
    differences: Path,
    auc: Path,
    roc: Path,
    agreement: Path,
    heat_maps: Path,
    correlations: Path,
    curves: Path,
) -> None:
    twin_scores.draw(heat_maps, read_table(factors), read_table(differences))
    method_agreement.draw(correlations, read_table(agreement))
    twin_roc.draw(curves, read_table(roc), read_table(auc))
