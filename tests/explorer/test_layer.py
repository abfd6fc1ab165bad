"""What the explorer is given of a layer is what the table says."""

import json
import re
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest

from invariscope.data.table import column_images
from invariscope.errors import UserError
from invariscope.explorer import layer
from invariscope.explorer.page import ASSETS
from invariscope.figures.mosaic import GAP
from tests.explorer.small import NAMES, Explorer, build, columns


def content(explorer: Explorer, name: str) -> Any:
    text = (explorer.folder / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r"TABLES\.push\((.*)\);\n", text)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize("name", ["grey-net-conv2", "colour-net-conv4"])
def test_every_number_is_the_tables(explorer: Explorer, name: str) -> None:
    found, table = content(explorer, name), explorer.tables[name]
    assert found["classes"] == list(NAMES) and found["side"] == 3 and found["rows"] == [-0.75, 0, 0.75]
    images = {image["id"]: image for image in found["images"]}
    names = [quantity["name"] for quantity in found["quantities"]]
    assert names[:4] == list(layer.FIRST)
    assert ("thickness" in names) == name.startswith("grey")  # of coloured images it is not known
    kinds = [kind["name"] for kind in found["kinds"]]
    for row in table.to_pylist():
        image = images[row["image_id"]]
        points = image["grids"][kinds.index(row["axes"])]
        at = row["row"] * 3 + row["column"]
        assert image["label"] == row["label"]
        assert points["predicted"][at] == row["predicted"] and points["converged"][at] == row["converged"]
        for quantity in names:
            shown = points["values"][quantity][at]
            np.testing.assert_allclose(np.nan if shown is None else shown, row[quantity], rtol=1e-5)
    labels = [image["label"] for image in found["images"]]
    assert labels == sorted(labels) and len(labels) == len(images) == len(table) // 18


def test_units_are_the_tables(explorer: Explorer) -> None:
    units = {quantity["name"]: quantity["unit"] for quantity in content(explorer, "grey-net-conv2")["quantities"]}
    assert units["thickness"] == "px" and units["confidence"] == "probability of the predicted class"
    assert "share of the change" in units["locality"]


@pytest.mark.parametrize("name", ["grey-net-conv4", "colour-net-conv4"])
def test_the_sheet_has_every_image_and_its_change_in_their_places(explorer: Explorer, name: str) -> None:
    found, table = content(explorer, name), explorer.tables[name]
    sheet = (matplotlib.image.imread(explorer.folder / found["sheet"]["file"])[..., :3] * 255).round().astype(int)
    height, width = found["sheet"]["height"], found["sheet"]["width"]
    bands, kinds = [image["id"] for image in found["images"]], [kind["name"] for kind in found["kinds"]]
    assert sheet.shape[:2] == (
        len(bands) * 3 * (height + GAP) - GAP,
        len(kinds) * 6 * (width + GAP) - GAP,
    )

    def part(row: dict[str, Any], change: int) -> np.ndarray:
        down = (bands.index(row["image_id"]) * 3 + row["row"]) * (height + GAP)
        across = ((2 * kinds.index(row["axes"]) + change) * 3 + row["column"]) * (width + GAP)
        return sheet[down : down + height, across : across + width]

    for row, image in zip(table.to_pylist(), column_images(table["image"]).astype(int), strict=True):
        assert np.array_equal(part(row, 0), np.broadcast_to(image.transpose(1, 2, 0), (height, width, 3)))
        change = part(row, 1)
        if row["row"] == row["column"] == 1:  # the original has not changed: one light colour
            assert np.ptp(change, axis=(0, 1)).max() == 0 and change.min() > 230
        else:
            assert np.ptp(change, axis=(0, 1)).min() > 50


def test_brighter_and_darker_have_colours_of_their_own() -> None:
    original = np.full((3, 3, 1, 1), 100, np.uint8)
    moved = original + np.array([-60, 0, 60]).astype(np.uint8)[:, None, None, None]
    darker, none, brighter = layer.changes(moved, original)[:, :, 0, 0].astype(int)
    assert darker[0] > darker[2] + 50 and brighter[2] > brighter[1] + 30  # orange, purple
    assert np.ptp(none) < 5
    beyond = layer.changes(np.full((1, 3, 1, 1), 255, np.uint8), np.zeros((1, 3, 1, 1), np.uint8))
    end = layer.changes(np.full((1, 3, 1, 1), 128, np.uint8), np.zeros((1, 3, 1, 1), np.uint8))
    assert np.array_equal(beyond, end)  # colours end at LIMIT


def test_large_images_are_reduced() -> None:
    images = np.zeros((2, 3, 200, 100), np.uint8)
    images[:, :, :100] = 200
    reduced = layer.shown(images)
    assert reduced.shape == (2, 3, 96, 48) == (2, 3, *layer.shown_size((3, 200, 100)))
    assert (reduced[:, :, 0] == 200).all() and (reduced[:, :, -1] == 0).all()
    assert layer.shown_size((1, 96, 20)) == (96, 20)


@pytest.mark.parametrize("spoil", [lambda table: table.slice(1), lambda table: pa.concat_tables([table, table])])
def test_a_table_without_whole_grids_is_refused(spoil: Any) -> None:
    table = pa.table(columns("grey", "conv2"))
    assert layer.grids(table).images == 3
    with pytest.raises(UserError, match="no whole grids"):
        layer.grids(spoil(table))


def test_equal_tables_give_equal_bytes(explorer: Explorer, tmp_path: Path) -> None:
    again = build(tmp_path)
    files = sorted(path.name for path in explorer.folder.iterdir())
    assert len(files) == 1 + 2 * 3
    for name in files:
        assert (explorer.folder / name).read_bytes() == (again.folder / name).read_bytes(), name


def test_the_page_names_no_other_place(explorer: Explorer, root: Path) -> None:
    text = (explorer.folder / "index.html").read_text(encoding="utf-8")
    assert "://" not in text and "{{" not in text
    assert re.findall(r'<script src="(.*)"', text) == [f"{name}.js" for name in explorer.tables]
    rule = (root / "workflow/rules/explorer.smk").read_text(encoding="utf-8")
    assert all(f'"{name}"' in rule for name in ASSETS)  # an edit of one reruns the step
