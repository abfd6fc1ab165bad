"""Draw what fill and interpolation do to a classifier's curves and thresholds."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import sensitivity


def run(study: str, classifier: str, *, curves: Path, thresholds: Path, figure: list[Path]) -> None:
    sensitivity.draw(figure, read_table(curves), read_table(thresholds))
