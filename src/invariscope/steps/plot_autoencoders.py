"""Training and reconstructions of a study's autoencoders, each called after the folder that its files lie in."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import autoencoder_training
from invariscope.figures import reconstructions as reconstructions_figure

CURVES = ("images_seen", "split", "error", "divergence", "mean_image_error")
IMAGES = ("class_name", "kind", "error", "image")


def run(study: str, *, histories: list[Path], reconstructions: list[Path], training: list[Path], pairs: Path) -> None:
    autoencoder_training.draw(training, {path.parent.name: read_table(path, CURVES) for path in histories}, study)
    images = {path.parent.name: read_table(path, IMAGES) for path in reconstructions}
    reconstructions_figure.draw(pairs, images, study)
