"""Training and reconstructions of an autoencoder."""

from pathlib import Path

from invariscope.data.table import read_table
from invariscope.figures import autoencoder_training
from invariscope.figures import reconstructions as reconstructions_figure


def run(study: str, *, history: Path, reconstructions: Path, training: Path, pairs: Path) -> None:
    rows = read_table(history, ("images_seen", "split", "error", "mean_image_error"))
    autoencoder_training.draw(training, rows, study)
    images = read_table(reconstructions, ("class_name", "kind", "error", "image"))
    reconstructions_figure.draw(pairs, images, study)
