"""Learning curve and confusion of a classifier."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import confusion as confusion_figure
from invariscope.figures import learning_curve as learning_curve_figure


def run(
    study: str,
    classifier: str,
    *,
    history: Path,
    confusion: Path,
    learning_curve: list[Path],
    confusion_matrix: list[Path],
) -> None:
    title = f"{study}, {classifier}"
    rows = read_table(history, ("epoch", "split", "loss", "accuracy"))
    learning_curve_figure.draw(learning_curve, rows, title)
    counts = read_table(confusion, ("class_name", "predicted_class", "n_images"))
    confusion_figure.draw(confusion_matrix, counts, title)
