"""Training, evaluation, grids of transformed images and what was learned, of an Invariant Transformer Net."""

from pathlib import Path

import pyarrow.compute as pc

from invariscope.data.table import read_table
from invariscope.figures import transformer_accuracy, transformer_grid, transformer_quantities, transformer_training


def run(
    study: str,
    classifier: str,
    *,
    history: Path,
    evaluation: Path,
    transformations: Path,
    examples: Path,
    training: list[Path],
    accuracy: list[Path],
    quantities: list[Path],
    alpha: Path,
    beta: Path,
) -> None:
    title = f"{study}, {classifier}"
    transformer_training.draw(training, read_table(history), title)
    contract = ("kind", "control", "strength", "displacement", "accuracy", "ci_low", "ci_high", "n_images")
    transformer_accuracy.draw(accuracy, read_table(evaluation, contract), title)
    transformer_quantities.draw(quantities, read_table(transformations), title)
    pictures = read_table(examples)
    for path, control in ((alpha, "alpha"), (beta, "beta")):
        transformer_grid.draw(path, pictures.filter(pc.field("control") == control), control, title)
