"""Channels of one layer by every method; `group` is the layer's path with _ for every dot, or `others`."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import feature_sheet

COLUMNS = (
    "objective",
    "class_name",
    "predicted",
    "kind",
    "parameterization",
    "regularization",
    "rank",
    "value",
    "dead",
    "image",
)


def run(study: str, classifier: str, group: str, *, objectives: Path, sheet: Path) -> None:
    feature_sheet.draw(sheet, read_table(objectives, COLUMNS), f"{study}, {classifier}", group)
