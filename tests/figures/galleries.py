"""Tables of feature visualisation made by hand, and what is read from the figures of them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import matplotlib.colors
import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from invariscope.data.table import image_column

METHODS = (("pixels", "none"), ("pixels", "paper"), ("cppn", "lucid"), ("decoder", "none"))
CLASSES = {"class:0": "zero", "class:1": "one", "class:2": "two"}
CHANNELS = tuple(f"{layer}:{channel}" for layer in ("conv1", "conv3") for channel in range(3))
SUM = "conv3:0 - conv3:1"
MINUS = "\N{MINUS SIGN}"
Row = dict[str, Any]


def gallery(
    objectives: Sequence[str] = (*CHANNELS, *CLASSES, SUM),
    methods: Sequence[tuple[str, str]] = METHODS,
    names: dict[str, str] = CLASSES,
    judged: Sequence[str] = (),
    dead: Sequence[str] = (),
    shape: tuple[int, int, int] = (3, 8, 8),
) -> list[Row]:
    """Rows as the step writes them: no two images and no two values are equal. Every third image is misjudged."""
    rows: list[Row] = []
    for objective in (*objectives, *judged):
        shared = {"objective": objective, "class_name": names.get(objective), "lowest": -1.0, "highest": 3.0}
        for kind in ("top",) if objective in judged else ("top", "bottom"):
            rows += [shared | how(kind, "dataset", "none", rank) for rank in (1, 2)]
        for method in methods[:1] if objective in judged else methods:
            rows.append(shared | how("optimised", *method) | {"dead": objective in dead})
    classes = [name for name in objectives if name in names and name not in dead]
    for objective in classes:
        shared = {"objective": objective, "class_name": names[objective], "lowest": -1.0, "highest": 3.0}
        rows += [shared | how(kind, *methods[0], rank) for kind in ("undiverse", "diverse") for rank in (2, 1, 3)]
    for first, second in pairwise(classes):
        shared = {"objective": first, "class_name": names[first], "lowest": -1.0, "highest": 3.0}
        rows += [shared | how("between", *methods[0]) | {"second": second, "share": share} for share in (0.0, 1.0, 0.5)]
    return [row | numbered(place, row, shape, list(names.values())) for place, row in enumerate(rows)]


def how(kind: str, parameterization: str, regularization: str, rank: int = 1) -> Row:
    method = {"parameterization": parameterization, "regularization": regularization}
    return {"kind": kind, **method, "rank": rank, "dead": False, "second": None, "share": None}


def numbered(place: int, row: Row, shape: tuple[int, int, int], names: list[str]) -> Row:
    """An image that names its place, a value, and what it is taken for."""
    image = np.full(shape, 90, np.uint8)
    image[:, 0, :2] = divmod(place, 256)
    value = None if row["dead"] else -2.0 + (place * 37 % 101) / 10 + place / 1000
    own = names.index(row["class_name"]) if row["class_name"] else 0
    return {"image": image, "value": value, "predicted": names[(own + (place % 3 == 0)) % len(names)]}


def table(rows: Sequence[Row]) -> pa.Table:
    columns = {name: [row[name] for row in rows] for name in rows[0] if name != "image"}
    return pa.table(columns | {"image": image_column(np.stack([row["image"] for row in rows]))})


def verdicts(judges: Sequence[str] = ("cnn7", "resnet18"), classes: int = 60) -> pa.Table:
    rows = []
    for place, (parameterization, regularization) in enumerate((("dataset", "none"), *METHODS)):
        for number, judge in enumerate(judges):
            share = 1 / (1 + place + number)
            method = {"parameterization": parameterization, "regularization": regularization, "judge": judge}
            interval = {"share": share, "ci_low": 0.8 * share, "ci_high": min(1.0, 1.1 * share)}
            rows.append(method | interval | {"n_images": classes})
    return pa.Table.from_pylist(rows)


def words(text: Text) -> str:
    return text.get_text().replace("\n", " ")


def crossing(axes: Axes, heading: str, label: str) -> tuple[float, float]:
    """The middle of the cell below a heading and beside a label."""
    (above,) = [text for text in axes.texts if words(text) == heading]
    x, y = above.get_position()
    below = [text.get_position()[1] for text in axes.texts if words(text) == label]
    return x, min(place for place in below if place > y)


def image_at(axes: Axes, place: tuple[float, float]) -> AxesImage | None:
    found = [image for image in axes.images if inside(image.get_extent(), place)]
    assert len(found) <= 1
    return found[0] if found else None


def inside(extent: Sequence[float], place: tuple[float, float]) -> bool:
    left, right, bottom, top = extent
    return left < place[0] < right and top < place[1] < bottom


def number(image: AxesImage | None) -> int:
    """Which row of the table an image is of."""
    assert image is not None
    pixels = image.get_array()
    assert pixels is not None and pixels.shape[2] == 3
    return int(pixels[0, 0, 0]) * 256 + int(pixels[0, 1, 0])


def below(axes: Axes, image: AxesImage) -> Text:
    """What stands under an image."""
    left, right, bottom, _ = image.get_extent()
    near = [text for text in axes.texts if np.allclose(text.get_position(), ((left + right) / 2, bottom), atol=0.04)]
    assert len(near) == 1
    return near[0]


def framed(axes: Axes, colour: str) -> set[int]:
    """Rows of the table whose images are framed in a colour."""
    found = set()
    for patch in axes.patches:
        if isinstance(patch, Rectangle) and matplotlib.colors.same_color(patch.get_edgecolor(), colour):
            x, y = patch.get_center()
            image = image_at(axes, (float(x), float(y)))
            found |= {number(image)} if image else set()
    return found


def assert_says(text: Text, value: float) -> None:
    assert float(text.get_text().split()[0].replace(MINUS, "-")) == pytest.approx(value, rel=5e-3)
