"""A layer's traversals as the explorer shows them: the table's numbers, and a sheet of all images and their changes.

A page that is opened as a file may neither fetch data nor read pixels. So numbers come as a script, and the change of
an image is a picture as well.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from invariscope.data.table import column_images
from invariscope.errors import UserError
from invariscope.figures import style
from invariscope.figures.mosaic import GAP, mosaic
from invariscope.figures.traversal import NAMES

LARGEST = 96  # px: the longer side of an image on the sheet; larger ones are reduced
LIMIT = 0.5  # intensity: the change at which its colour ends
DIGITS = 6  # significant ones of a number on the page
FIRST = ("confidence", "residual_after", "residual_before", "rms_change")
PLACES = ("row_offset", "column_offset")


@dataclass(frozen=True)
class Grids:
    """The points of all grids: image by image in the order of their classes, kind of axes by kind, row by row."""

    points: pa.Table
    kinds: tuple[str, ...]  # of axes
    side: int

    @property
    def images(self) -> int:
        return len(self.points) // (len(self.kinds) * self.side**2)


def grids(table: pa.Table) -> Grids:
    """The whole grids of a table of traversals. Raises UserError if a point is missing, or there twice."""
    present = set(table["axes"].to_pylist())
    kinds = (*(kind for kind in NAMES if kind in present), *sorted(present - NAMES.keys()))
    kind = pc.index_in(table["axes"], pa.array(kinds)).to_numpy()
    label, image, row, column = (table[name].to_numpy() for name in ("label", "image_id", "row", "column"))
    points = table.take(np.lexsort((column, row, kind, image, label)))
    side = int(row.max()) + 1
    grid = np.tile(np.arange(side**2), len(points) // side**2)
    place = points["row"].to_numpy() * side + points["column"].to_numpy()
    whole = len(points) == len(np.unique(image)) * len(kinds) * side**2
    if not (whole and np.array_equal(place, grid)):
        raise UserError("a table of traversals has no whole grids; delete it and run again")
    return Grids(points, kinds, side)


# --- numbers ----------------------------------------------------------------------------------------------------------


def quantities(points: pa.Table) -> list[str]:
    """The columns of numbers that are known for some point, what matters most first."""
    known = [
        field.name
        for field in points.schema
        if pa.types.is_floating(field.type)
        and field.name not in PLACES
        and np.isfinite(points[field.name].to_numpy()).any()
    ]
    return [*(name for name in FIRST if name in known), *(name for name in known if name not in FIRST)]


def rounded(values: np.ndarray) -> list[float | None]:
    """Numbers as the page gets them: `DIGITS` significant ones, None for what is not known."""
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]


def numbers(found: Grids, class_names: Sequence[str], sheet: str) -> dict[str, Any]:
    """All that the page says of a layer, but for its images; these are in the file `sheet`."""
    points = found.points
    names = quantities(points)
    each = found.side**2
    starts = range(0, len(points), each * len(found.kinds))
    height, width = shown_size(points["image"].type.shape)
    return {
        **{name: points[name][0].as_py() for name in ("study", "classifier", "layer", "seed")},
        "classes": list(class_names),
        "side": found.side,
        "rows": rounded(points["row_offset"].to_numpy()[: each : found.side]),
        "columns": rounded(points["column_offset"].to_numpy()[: found.side]),
        "kinds": [{"name": kind, "meaning": NAMES.get(kind, kind)} for kind in found.kinds],
        "quantities": [{"name": name, "unit": unit(points.schema.field(name))} for name in names],
        "sheet": {"file": sheet, "width": width, "height": height, "gap": GAP},
        "images": [
            {
                "id": points["image_id"][start].as_py(),
                "label": points["label"][start].as_py(),
                "grids": [
                    grid_numbers(points.slice(start + kind * each, each), names) for kind in range(len(found.kinds))
                ],
            }
            for start in starts
        ],
    }


def grid_numbers(points: pa.Table, names: Sequence[str]) -> dict[str, Any]:
    return {
        "predicted": points["predicted"].to_pylist(),
        "converged": points["converged"].to_pylist(),
        "values": {name: rounded(points[name].to_numpy()) for name in names},
    }


def unit(field: pa.Field) -> str:
    return (field.metadata or {}).get(b"unit", b"").decode()


def script(content: dict[str, Any]) -> str:
    """What `numbers` returned as a script that hands it to the page."""
    return f"TABLES.push({json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(',', ':'))});\n"


# --- images -----------------------------------------------------------------------------------------------------------


def sheet(found: Grids) -> np.ndarray:
    """All images and changes (H, W, 3) uint8: a band an image, in it per kind of axes its grid, then its changes."""
    images = shown(column_images(found.points["image"]))
    shape = (found.images, len(found.kinds), found.side, found.side)
    band, kind, row, column = (place.ravel() for place in np.indices(shape))
    middle = (row == found.side // 2) & (column == found.side // 2)
    originals = images[middle].repeat(found.side**2, axis=0)
    down, across = band * found.side + row, 2 * kind * found.side + column
    together = np.concatenate([images, changes(images, originals)])
    return mosaic(together, np.tile(down, 2), np.concatenate([across, across + found.side]))


def shown_size(shape: Sequence[int]) -> tuple[int, int]:
    """Height and width on the sheet of images of shape (C, H, W)."""
    _, height, width = shape
    scale = min(1.0, LARGEST / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def shown(images: np.ndarray) -> np.ndarray:
    """Images (N, C, H, W) uint8 as they are on the sheet: RGB, reduced by averaging if they are large."""
    height, width = shown_size(images.shape[1:])
    colour = images[:, :3] if images.shape[1] >= 3 else images[:, :1].repeat(3, axis=1)
    if colour.shape[2:] == (height, width):
        return colour
    pictures = [Image.fromarray(image).resize((width, height), Image.Resampling.BOX) for image in _last(colour)]
    return np.stack([np.asarray(picture) for picture in pictures]).transpose(0, 3, 1, 2)


def changes(images: np.ndarray, originals: np.ndarray) -> np.ndarray:
    """The change of brightness of RGB images (N, 3, H, W) uint8 in colour, of equal shape: its ends are ± `LIMIT`."""
    change = (images.astype(np.float64) - originals).mean(axis=1) / 255
    colours = matplotlib.colormaps[style.DIVERGING](0.5 + change / (2 * LIMIT), bytes=True)
    return colours[..., :3].transpose(0, 3, 1, 2)


def _last(images: np.ndarray) -> np.ndarray:
    """(N, C, H, W) -> (N, H, W, C), in one piece."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))
