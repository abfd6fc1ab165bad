"""Draw a classifier's answers against magnitude, and its thresholds."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import class_panels, heat_map, screening_curves
from invariscope.figures import thresholds as thresholds_figure


def run(
    study: str,
    classifier: str,
    *,
    curves: Path,
    top_classes: Path,
    thresholds: Path,
    examples: Path,
    response_curves: list[Path],
    class_curves: list[Path],
    forest: list[Path],
    heat: list[Path],
) -> None:
    answers, found, shown = read_table(curves), read_table(thresholds), read_table(examples)
    screening_curves.draw(response_curves, answers, found, shown)
    class_panels.draw(class_curves, answers, read_table(top_classes), shown)
    thresholds_figure.draw(forest, found)
    heat_map.draw(heat, found)
