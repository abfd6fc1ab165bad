"""Figures of search and ascent in the latent space, and of why the paper's ascent failed."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from invariscope.data.table import open_data, read_table
from invariscope.figures import latent_ascent, latent_cost, latent_gradients, latent_search


def run(
    study: str,
    classifier: str,
    *,
    data: Path,
    latents: Path,
    curves: Path,
    paths: Path,
    variants: Path,
    gradients: Path,
    ascent: Path,
    classes: Path,
    channels: Path,
    cost: list[Path],
    mends: list[Path],
    layers: list[Path],
) -> None:
    title = f"{study}, {classifier}"
    best, ways = read_table(latents), read_table(paths)
    drawn = list(dict.fromkeys(ways["class_name"].to_pylist()))
    examples = first_images(data, drawn)
    latent_ascent.draw(ascent, ways, examples, title)
    latent_search.draw_classes(classes, best, drawn, examples, title)
    latent_search.draw_channels(channels, best, title)
    latent_cost.draw(cost, best, read_table(curves), title)
    latent_gradients.draw_variants(mends, read_table(variants), title)
    latent_gradients.draw_layers(layers, read_table(gradients), title)


def first_images(data: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """An image (C, H, W) of each class from the test split."""
    images = open_data(data, "test")
    places = {name: np.flatnonzero(images.labels == images.class_names.index(name)) for name in names}
    return {name: images.at(found[:1]).pixels[0] for name, found in places.items()}
