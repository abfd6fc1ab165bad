"""Draw a classifier's answers against magnitude, and its thresholds."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import screening_curves
from invariscope.figures import thresholds as thresholds_figure


def run(
    study: str,
    classifier: str,
    *,
    curves: Path,
    thresholds: Path,
    examples: Path,
    response_curves: Path,
    forest: Path,
) -> None:
    found = read_table(thresholds)
    screening_curves.draw(response_curves, read_table(curves), found, read_table(examples))
    thresholds_figure.draw(forest, found)
