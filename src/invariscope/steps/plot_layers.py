"""Draw what the traversals of a classifier's layers change."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import attributes as attributes_figure

COLUMNS = ("layer", "image_id", "attribute", "scale", "compared")
TESTS = (
    *("attribute", "layer_a", "layer_b", "mean_a", "mean_b", "difference", "ci_low", "ci_high"),
    *("p_value", "p_holm", "n_images"),
)


def run(study: str, classifier: str, *, attributes: Path, comparison: Path, figure: list[Path]) -> None:
    changes, tests = read_table(attributes, COLUMNS), read_table(comparison, TESTS)
    attributes_figure.draw(figure, changes, tests, f"{study}, {classifier}")
