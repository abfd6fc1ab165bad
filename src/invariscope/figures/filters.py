"""The learned filters (the paper's Fig. 2): a row a filter, the real one first, then generated ones."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from invariscope.data.table import column_images
from invariscope.figures import style

CELL = 24  # px a filter, at least
GAP = 4  # px


def draw(path: Path, filters: pa.Table, title: str) -> None:
    """A sheet from a table (kind, filter, sample, image)."""
    images = column_images(filters["image"])  # (N, k, k, 3)
    numbers, rows = np.unique(filters["filter"].to_numpy(), return_inverse=True)
    columns = 1 + filters["sample"].to_numpy()  # the real filter's is -1
    sheet, height, width = mosaic(images, rows, columns)
    with style.figure(path, style.PAGE, 0.9 + 6.3 * sheet.shape[0] / sheet.shape[1]) as figure:
        axes = figure.subplots()
        axes.imshow(sheet, interpolation="nearest")
        axes.set_yticks((np.arange(len(numbers)) + 0.5) * height - GAP / 2, [f"channel {number}" for number in numbers])
        places = (np.arange(columns.max() + 1) + 0.5) * width - GAP / 2
        places[1:] += 2 * GAP
        axes.set_xticks(places, ["real", *(f"z {number}" for number in range(1, len(places)))])
        axes.tick_params(length=0, labeltop=True, labelbottom=False)
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("Input channels are summed in thirds to red, green and blue; mid-grey is 0; one scale for all.")
        figure.suptitle(f"Learned filters: {title}")


def mosaic(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Images at their rows and columns on white, column 0 set apart; and the height and width of a cell, in px."""
    enlarged = -(-CELL // max(images.shape[1:3]))  # whole pixels
    images = images.repeat(enlarged, 1).repeat(enlarged, 2)
    height, width = images.shape[1] + GAP, images.shape[2] + GAP
    sheet = np.full(((rows.max() + 1) * height - GAP, (columns.max() + 1) * width + GAP, 3), 255, np.uint8)
    for image, row, column in zip(images, rows, columns, strict=True):
        top, left = row * height, column * width + 2 * GAP * (column > 0)
        sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
    return sheet, height, width
