"""What maximises a classifier's units and classes by every method, how far each goes, and who recognises it."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import (
    feature_channels,
    feature_classes,
    feature_transfer,
    feature_values,
    feature_variety,
)

IMAGES = (
    "objective",
    "class_name",
    "second",
    "lowest",
    "highest",
    "predicted",
    "dead",
    "kind",
    "parameterization",
    "regularization",
    "rank",
    "value",
    "image",
    "share",
)
VERDICTS = ("parameterization", "regularization", "judge", "n_images", "share", "ci_low", "ci_high")


def run(
    study: str,
    classifier: str,
    *,
    objectives: Path,
    transfer: Path,
    channels: Path,
    classes: Path,
    values: list[Path],
    variety: Path,
    judges: list[Path],
) -> None:
    title = f"{study}, {classifier}"
    images = read_table(objectives, IMAGES)
    feature_channels.draw(channels, images, title)
    feature_classes.draw(classes, images, title)
    feature_values.draw(values, images, title)
    feature_variety.draw(variety, images, title)
    feature_transfer.draw(judges, read_table(transfer, VERDICTS), classifier, title)
