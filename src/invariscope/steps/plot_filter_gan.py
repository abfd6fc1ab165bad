"""Training curves, accuracy averaging, scaling, learned filters and traversals of a layer."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import averaging as averaging_figure
from invariscope.figures import filter_gan_training as training_figure
from invariscope.figures import filters as filters_figure
from invariscope.figures import mds as mds_figure
from invariscope.figures import traversal as traversal_figure


def run(
    study: str,
    classifier: str,
    layer: str,
    *,
    history: Path,
    accuracy: Path,
    mds: Path,
    filters: Path,
    traversal: Path,
    training: list[Path],
    averaging: list[Path],
    scaling: list[Path],
    banks: Path,
    traversals: Path,
) -> None:
    title = f"{study}, {classifier}, {layer}"
    training_figure.draw(training, read_table(history), title)
    averaging_figure.draw(averaging, read_table(accuracy, ("condition", "retrained", "seed", "accuracy")), title)
    pictures = read_table(filters, ("kind", "filter", "sample", "image"))
    shown = sorted(pictures["filter"].unique().to_pylist())
    mds_figure.draw(scaling, read_table(mds), shown, title)
    filters_figure.draw(banks, pictures, title)
    traversal_figure.draw(traversals, read_table(traversal), title)
