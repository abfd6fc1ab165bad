"""Draw the thresholds of a study's classifiers beside each other, and their paired differences."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import differences as differences_figure
from invariscope.figures import thresholds as thresholds_figure


def run(study: str, *, thresholds: list[Path], comparison: Path, forest: list[Path], differences: list[Path]) -> None:
    """`thresholds`: a table a classifier."""
    thresholds_figure.draw_classifiers(forest, [read_table(path) for path in thresholds])
    differences_figure.draw(differences, read_table(comparison))
