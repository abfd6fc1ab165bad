"""Images along the traversals of a layer's latent space."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import traversal as traversal_figure


def run(study: str, classifier: str, layer: str, *, traversal: Path, figure: Path) -> None:
    traversal_figure.draw(figure, read_table(traversal), f"{study}, {classifier}, {layer}")
