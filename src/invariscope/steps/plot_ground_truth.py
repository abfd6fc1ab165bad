"""Draw what all methods say of a study's twins, how they agree, how well they tell twins apart; set the verdict."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import markdown_page, method_agreement, twin_roc, twin_scores
from invariscope.files import write_text


def run(
    study: str,
    *,
    factors: Path,
    differences: Path,
    auc: Path,
    roc: Path,
    agreement: Path,
    verdict: Path,
    heat_maps: list[Path],
    correlations: list[Path],
    curves: list[Path],
    page: Path,
) -> None:
    twin_scores.draw(heat_maps, read_table(factors), read_table(differences))
    method_agreement.draw(correlations, read_table(agreement))
    twin_roc.draw(curves, read_table(roc), read_table(auc))
    write_text(page, markdown_page.page(verdict.read_text(encoding="utf-8")))
