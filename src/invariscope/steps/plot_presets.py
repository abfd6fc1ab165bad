"""Accuracy against spread of a layer's presets, a point a checkpoint."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import presets as presets_figure


def run(study: str, classifier: str, layer: str, *, comparison: Path, presets: list[Path]) -> None:
    columns = ("preset", "single_bank_accuracy", "real_accuracy", *presets_figure.SPREADS)
    presets_figure.draw(presets, read_table(comparison, columns), f"{study}, {classifier}, {layer}")
