"""Draw what traversal images are worth as training data."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import augmentation as augmentation_figure


def run(study: str, classifier: str, layer: str, *, accuracy: Path, examples: Path, figure: list[Path]) -> None:
    augmentation_figure.draw(
        figure,
        read_table(accuracy, ("condition", "per_class", "seed", "accuracy", "converged")),
        f"{study}, {classifier}, {layer}",
        read_table(examples, ("condition", "image_id", "image")),
    )
