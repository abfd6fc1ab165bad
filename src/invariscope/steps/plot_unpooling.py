"""Figures of the network that locates objects: its training, its accuracy by class, and how a location takes shape."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import unpooling_iou, unpooling_scenes, unpooling_stages, unpooling_training


def run(
    study: str,
    classifier: str,
    *,
    history: Path,
    iou: Path,
    pictures: Path,
    training: list[Path],
    classes: list[Path],
    stages: Path,
    scenes: Path,
) -> None:
    title = f"{study}, {classifier}"
    unpooling_training.draw(training, read_table(history), title)
    unpooling_iou.draw(classes, read_table(iou), title)
    shown = read_table(pictures)
    unpooling_stages.draw(stages, shown, title)
    unpooling_scenes.draw(scenes, shown, title)
