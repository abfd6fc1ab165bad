"""Small tables of traversals, and an explorer made of them by its step."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from invariscope.data.table import Images, image_column, read_table, write_data, write_table
from invariscope.filter_gan.traversal import UNITS
from invariscope.invariance import attributes
from invariscope.steps import build_explorer

NAMES = ("zero", "one & only", "two", "<three>")
CHANGED, UNCONVERGED = (0, 0), (0, 1)  # row, column of the points that fail, in every grid


def columns(
    study: str, layer: str, images: int = 3, side: int = 3, shape: tuple[int, ...] = (1, 8, 8), seed: int = 0
) -> dict:
    """Grids of noise about noise, their rows in no order. The points named above fail."""
    random = np.random.default_rng(seed)
    points, grids = side**2, 2 * images
    row, column = np.divmod(np.tile(np.arange(points), grids), side)
    middle = (row == side // 2) & (column == side // 2)
    image = np.tile(np.arange(images).repeat(points), 2)
    labels = np.arange(images)[::-1] % len(NAMES)
    originals = random.integers(0, 256, (images, *shape), dtype=np.uint8)
    pixels = random.integers(0, 256, (grids * points, *shape), dtype=np.uint8)
    pixels[middle] = originals[image[middle]]
    found = {
        "study": [study] * len(row),
        "classifier": ["net"] * len(row),
        "layer": [layer] * len(row),
        "seed": [seed] * len(row),
        "image_id": image * 7 + 2,
        "axes": np.repeat(["random", "principal"], images * points),
        "row": row,
        "column": column,
        "row_offset": ((row - side // 2) * 0.75).astype(np.float32),
        "column_offset": ((column - side // 2) * 0.75).astype(np.float32),
        "residual_before": random.random(len(row), np.float32),
        "residual_after": np.where(middle, 0, random.random(len(row), np.float32) / 100),
        "converged": ~((row == UNCONVERGED[0]) & (column == UNCONVERGED[1])),
        "label": labels[image],
        "predicted": np.where((row == CHANGED[0]) & (column == CHANGED[1]), labels[image] + 1, labels[image])
        % len(NAMES),
        "confidence": random.random(len(row), np.float32),
        "rms_change": np.where(middle, 0, random.random(len(row))),
        **attributes.measure(pixels / 255, originals[image] / 255),
    }
    order = random.permutation(len(row))
    return {name: np.asarray(values)[order] for name, values in found.items()} | {"image": image_column(pixels[order])}


@dataclass(frozen=True)
class Explorer:
    folder: Path
    tables: dict[str, pa.Table]  # by the name of the layer's script


def build(folder: Path) -> Explorer:
    """Two layers of a grey study and one of a coloured one, by the step."""
    layers = [("grey", "conv2", (1, 8, 8)), ("grey", "conv4", (1, 8, 8)), ("colour", "conv4", (3, 10, 12))]
    for study, shape in {(study, shape) for study, _, shape in layers}:
        some = Images(np.arange(4), np.zeros((4, *shape), np.uint8), np.arange(4), NAMES, {})
        write_data(folder / f"{study}.parquet", {"test": some})
    paths = []
    for number, (study, layer, shape) in enumerate(layers):
        paths.append(folder / f"{study}-{layer}.parquet")
        write_table(paths[-1], columns(study, layer, 3 + number, 3, shape, number), UNITS)
    place = folder / "explorer"
    scripts = [place / f"{study}-net-{layer}.js" for study, layer, _ in layers]
    build_explorer.run(
        data=[folder / "grey.parquet", folder / "colour.parquet"],
        traversals=paths,
        page=place / "index.html",
        scripts=scripts,
        sheets=[path.with_suffix(".png") for path in scripts],
    )
    return Explorer(place, {script.stem: read_table(path) for script, path in zip(scripts, paths, strict=True)})
