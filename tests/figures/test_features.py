"""Figures of feature visualisation: the right image at the right place, its value, and what is not there."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.colors
import matplotlib.image
import numpy as np
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from invariscope.data.table import image_column, write_rows, write_table
from invariscope.errors import UserError
from invariscope.figures import (
    feature_channels,
    feature_classes,
    feature_images,
    feature_sheet,
    feature_transfer,
    feature_values,
    feature_variety,
    style,
)
from invariscope.steps import plot_feature_sheet, plot_features

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


# --- reading a figure -------------------------------------------------------------------------------------------------


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is saved."""
    found: list[Figure] = []
    save = Figure.savefig

    def savefig(figure: Figure, *args: Any, **options: Any) -> None:
        found.append(figure)
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return found


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


# --- all figures ------------------------------------------------------------------------------------------------------

FIGURES: dict[str, Callable[[Path, list[Row]], None]] = {
    "channels": lambda path, rows: feature_channels.draw(path, table(rows), "shapes, cnn7"),
    "classes": lambda path, rows: feature_classes.draw(path, table(rows), "shapes, cnn7"),
    "sheet": lambda path, rows: feature_sheet.draw(path, table(rows), "shapes, cnn7"),
    "values": lambda path, rows: feature_values.draw(path, table(rows), "shapes, cnn7"),
    "variety": lambda path, rows: feature_variety.draw(path, table(rows), "shapes, cnn7"),
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 48, 48), (3, 224, 224)], ids=str)
@pytest.mark.filterwarnings("error")
def test_equal_tables_are_equal_bytes_at_page_width(tmp_path: Path, name: str, shape: tuple[int, int, int]) -> None:
    rows = gallery(objectives=("conv1:0", "conv1:1", "class:0", "class:1"), methods=METHODS[:2], shape=shape)
    paths = [tmp_path / f"{place}.png" for place in range(2)]
    for path in paths:
        FIGURES[name](path, rows)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    image = matplotlib.image.imread(paths[0])
    assert image.shape[1] == style.PAGE * style.DPI
    assert image[..., :3].std() > 0.05


@pytest.mark.parametrize("name", FIGURES)
def test_a_changed_value_changes_the_figure(tmp_path: Path, name: str) -> None:
    rows = gallery()
    FIGURES[name](tmp_path / "one.png", rows)
    changed = [row | {"value": None if row["value"] is None else row["value"] + 0.5} for row in rows]
    FIGURES[name](tmp_path / "other.png", changed)
    assert (tmp_path / "one.png").read_bytes() != (tmp_path / "other.png").read_bytes()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_nothing_says_so(tmp_path: Path, saved: list[Figure], name: str) -> None:
    """The workflow expects the file of a study that draws no class, or no channel."""
    objectives = tuple(CLASSES) if name in ("channels", "sheet") else CHANNELS
    rows = gallery(objectives)
    if name == "values":
        rows = [row for row in rows if row["kind"] in ("top", "bottom")]
    FIGURES[name](tmp_path / "figure.png", rows)
    texts = [text.get_text() for text in saved[0].axes[0].texts]
    assert any(text.startswith("no ") for text in texts), texts
    assert not saved[0].axes[0].images


def test_the_step_draws_every_figure(tmp_path: Path) -> None:
    rows = gallery(judged=("class:2",), objectives=(*CHANNELS, "class:0", "class:1"))
    write_rows(tmp_path / "objectives.parquet", rows, numbers=("value", "share"))
    found = verdicts()
    write_table(tmp_path / "transfer.parquet", {name: found[name] for name in found.column_names})
    names = ("channels", "classes", "values", "variety", "judges")
    plot_features.run(
        "shapes",
        "cnn7",
        objectives=tmp_path / "objectives.parquet",
        transfer=tmp_path / "transfer.parquet",
        **{name: tmp_path / f"{name}.png" for name in names},
    )
    assert len({(tmp_path / f"{name}.png").read_bytes() for name in names}) == len(names)


def test_the_step_needs_no_torch() -> None:
    check = "import sys, invariscope.steps.plot_features; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0


# --- words ------------------------------------------------------------------------------------------------------------


def test_methods_are_said_in_words_and_unknown_ones_by_their_names() -> None:
    assert feature_images.method_words("pixels", "none") == "pixels, no robustness"
    assert feature_images.method_words("fourier", "lucid") == "Fourier, lucid's robustness"
    assert feature_images.method_words("cppn", "paper") == "CPPN, paper's robustness"
    assert feature_images.method_words("wavelets", "strong") == "wavelets, strong"
    assert feature_images.method_words("dataset", "none") == "data set"


def test_objectives_are_grouped_by_layer_with_classes_behind() -> None:
    rows = gallery(("class:1", "layer3.1.conv2:17", SUM, "conv1:0", "conv1:0@2,4", "layer3.1.conv2:2"))
    assert feature_images.drawn(rows) == {
        "layer3.1.conv2": ["layer3.1.conv2:17", "layer3.1.conv2:2"],
        "conv1": ["conv1:0"],
        "classes": ["class:1"],
        "others": [SUM, "conv1:0@2,4"],
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (22.0, "22.0"),
        (-0.5478, f"{MINUS}0.548"),
        (151.4, "151"),
        (1234.5, "1234"),
        (7.09e-5, f"7.09e{MINUS}5"),
        (0.0, "0.00"),
    ],
)
def test_values_have_three_digits(value: float, text: str) -> None:
    assert feature_images.value_text(value) == text


def test_text_is_broken_and_cut_to_its_room() -> None:
    name, room = "rainbow double triangle with a very long name", 0.8
    lines = feature_images.wrapped(name, room, 7).split("\n")
    assert " ".join(lines) == name and len(lines) > 1
    assert all(feature_images.text_width(line, 7) <= room for line in lines)
    shortened = feature_images.cut(name, room, 7)
    assert shortened.endswith("…") and name.startswith(shortened[:-1])
    assert 0.6 * room < feature_images.text_width(shortened, 7) <= room
    assert feature_images.cut("7", room, 7) == "7"


# --- images by every method -------------------------------------------------------------------------------------------

LABELS = {
    ("top", "dataset", "none"): "data set, highest",
    ("bottom", "dataset", "none"): "data set, lowest",
    ("optimised", "pixels", "none"): "pixels, no robustness",
    ("optimised", "pixels", "paper"): "pixels, paper's robustness",
    ("optimised", "cppn", "lucid"): "CPPN, lucid's robustness",
    ("optimised", "decoder", "none"): "decoder, no robustness",
}


def shown(rows: Sequence[Row], objectives: Sequence[str], kinds: Sequence[str]) -> Iterator[tuple[int, Row, str]]:
    """Place, row and label of what a grid of some objectives is to show."""
    for place, row in enumerate(rows):
        if row["objective"] in objectives and row["kind"] in kinds and row["rank"] == 1:
            yield place, row, LABELS[row["kind"], row["parameterization"], row["regularization"]]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_of_a_class_stands_under_its_name_beside_its_method(
    tmp_path: Path, saved: list[Figure], channels: int
) -> None:
    rows = gallery(shape=(channels, 8, 8))
    feature_classes.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes, wrong = saved[0].axes[0], set()
    expected = list(shown(rows, tuple(CLASSES), ("top", "optimised")))
    for place, row, label in expected:
        image = image_at(axes, crossing(axes, row["class_name"], label))
        assert number(image) == place
        assert_says(below(axes, image), row["value"])
        if row["predicted"] != row["class_name"]:
            wrong.add(place)
            assert row["predicted"] in below(axes, image).get_text()
    assert len(axes.images) == len(expected)
    assert 0 < len(wrong) < len(expected) and framed(axes, feature_images.WRONG) == wrong


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_of_a_channel_stands_under_its_name_beside_its_method(
    tmp_path: Path, saved: list[Figure], channels: int
) -> None:
    rows = gallery(shape=(channels, 8, 8))
    feature_sheet.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    expected = list(shown(rows, (*CHANNELS, SUM), ("top", "bottom", "optimised")))
    for place, row, label in expected:
        image = image_at(axes, crossing(axes, row["objective"].replace(" - ", f" {MINUS} "), label))
        assert number(image) == place
        assert_says(below(axes, image), row["value"])
    assert len(axes.images) == len(expected)


def test_the_highest_value_of_a_column_alone_is_bold(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery()
    feature_sheet.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes, best = saved[0].axes[0], {}
    for place, row, _ in shown(rows, (*CHANNELS, SUM), ("top", "bottom", "optimised")):
        if row["value"] > rows[best.get(row["objective"], place)]["value"] or row["objective"] not in best:
            best[row["objective"]] = place
    bold = {number(image) for image in axes.images if below(axes, image).get_weight() == "bold"}
    assert bold == set(best.values())


def test_a_dead_unit_is_called_dead_in_place_of_every_image(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery(dead=("conv1:1",))
    feature_sheet.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    for label in LABELS.values():
        place = crossing(axes, "conv1:1", label)
        assert image_at(axes, place) is None
        assert [text.get_text() for text in axes.texts if np.allclose(text.get_position(), place, atol=0.02)] == [
            "dead"
        ]
    assert sum(text.get_text() == "dead" for text in axes.texts) == len(LABELS)


def test_an_image_without_a_gradient_is_dead_by_itself(tmp_path: Path, saved: list[Figure]) -> None:
    rows = [
        row | {"dead": row["dead"] or (row["objective"], row["parameterization"]) == ("class:1", "cppn")}
        for row in gallery()
    ]
    feature_classes.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    assert image_at(axes, crossing(axes, "one", "CPPN, lucid's robustness")) is None
    assert image_at(axes, crossing(axes, "one", "pixels, no robustness")) is not None
    assert sum(text.get_text() == "dead" for text in axes.texts) == 1


def test_what_a_method_did_not_draw_is_said_and_a_method_that_drew_nothing_is_not_there(
    tmp_path: Path, saved: list[Figure]
) -> None:
    rows = [
        row
        for row in gallery()
        if row["parameterization"] != "cppn" and (row["parameterization"], row["objective"]) != ("decoder", "class:2")
    ]
    feature_classes.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    place = crossing(axes, "two", "decoder, no robustness")
    assert image_at(axes, place) is None
    said = [words(text) for text in axes.texts if np.allclose(text.get_position(), place, atol=0.02)]
    assert said == ["not drawn"]
    assert not any("CPPN" in text.get_text() for text in axes.texts)


def test_a_class_that_is_only_judged_has_no_column(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery(objectives=("class:0",), judged=("class:1", "class:2"))
    feature_classes.draw(tmp_path / "classes.png", table(rows), "shapes")
    texts = [text.get_text() for text in saved[0].axes[0].texts]
    assert "zero" in texts and "one" not in texts and "two" not in texts
    feature_values.draw(tmp_path / "values.png", table(rows), "shapes")
    assert saved[1].axes[0].get_title() == "classes (n = 1)"


def test_a_sheet_of_one_layer_has_its_channels_alone(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery(objectives=("layer1.0.conv1:0", "layer1.0.conv1:1", "conv1:0", SUM))
    write_rows(tmp_path / "objectives.parquet", rows, numbers=("value", "share"))
    for group, names in (("layer1_0_conv1", {"layer1.0.conv1:0", "layer1.0.conv1:1"}), ("others", {SUM})):
        plot_feature_sheet.run(
            "shapes", "cnn7", group, objectives=tmp_path / "objectives.parquet", sheet=tmp_path / "sheet.png"
        )
        texts = {"".join(text.get_text().split()) for text in saved[-1].axes[0].texts}
        shown = {"".join(name.replace(" - ", MINUS).split()) for name in names}
        assert shown <= texts and "conv1:0" not in texts


@pytest.mark.parametrize("counts", [(8, 8, 1), (16, 16), (4, 4, 4, 2), (23,), (10, 10), (1,)])
def test_layers_are_packed_side_by_side_as_far_as_they_fit(counts: Sequence[int]) -> None:
    groups = {f"conv{layer}": [f"conv{layer}:{n}" for n in range(count)] for layer, count in enumerate(counts)}
    blocks = feature_sheet.pack(groups)
    assert [name for block in blocks for name in block] == [name for names in groups.values() for name in names]
    for block in blocks:
        places = [column.place for column in block.values()]
        assert places[0] == 0 and max(places) + 1 <= feature_sheet.MOST
        layers = [name.split(":")[0] for name in block]
        for step, one, other in zip(np.diff(places), layers, layers[1:], strict=False):
            assert step == (1 if one == other else 1 + feature_sheet.APART)
    widths = {(8, 8, 1): [8, 9], (16, 16): [8] * 4, (4, 4, 4, 2): [8, 6], (23,): [8, 8, 7], (10, 10): [10, 10]}
    assert [len(block) for block in blocks] == widths.get(tuple(counts), [1])


def test_a_class_that_does_not_fit_beside_its_value_stands_below_it_within_the_column(
    tmp_path: Path, saved: list[Figure]
) -> None:
    names = {f"class:{number}": f"a class with the very long name {number}" for number in range(10)}
    rows = gallery(objectives=tuple(names), names=names)
    feature_classes.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes, pitch = saved[0].axes[0], (style.PAGE - feature_classes.LABELS) / 10
    lefts = sorted({image.get_extent()[0] for image in axes.images})
    assert max(np.diff(lefts)) < pitch
    for image in axes.images:
        row, lines = rows[number(image)], below(axes, image).get_text().split("\n")
        assert len(lines) == 1 + (row["predicted"] != row["class_name"])
        for line in lines[1:]:
            assert line.startswith("(a cl") and feature_images.text_width(line, feature_images.SMALL) < pitch


# --- channels ---------------------------------------------------------------------------------------------------------


def test_each_channel_has_a_small_image_without_and_a_big_one_with_robustness(
    tmp_path: Path, saved: list[Figure]
) -> None:
    rows = gallery()
    feature_channels.draw(tmp_path / "figure.png", table(rows), "shapes", layer="conv1")
    axes = saved[0].axes[0]
    by_number = {number(image): image for image in axes.images}
    for regularization, side in (("none", feature_channels.SMALL_SIDE), ("paper", feature_channels.BIG_SIDE)):
        for place, row in enumerate(rows):
            method = row["kind"], row["parameterization"], row["regularization"]
            if row["objective"].startswith("conv1:") and method == ("optimised", "pixels", regularization):
                image = by_number.pop(place)
                left, right, bottom, top = image.get_extent()
                assert (right - left, bottom - top) == pytest.approx((side, side))
                assert_says(below(axes, image), row["value"])
                name = next(text for text in axes.texts if text.get_text() == row["objective"]).get_position()
                assert 0 <= left - name[0] < 1 and 0 < bottom - name[1] < 1.3
    assert not by_number


def test_of_the_layers_the_middle_one_is_shown_and_of_its_channels_the_first_eight(
    tmp_path: Path, saved: list[Figure]
) -> None:
    rows = gallery([f"{layer}:{channel}" for layer in ("conv1", "conv3", "conv5") for channel in range(12)])
    feature_channels.draw(tmp_path / "figure.png", table(rows), "shapes")
    assert len(saved[0].axes[0].images) == 16
    objectives = {rows[number(image)]["objective"] for image in saved[0].axes[0].images}
    assert objectives == {f"conv3:{channel}" for channel in range(8)}


def test_a_layer_that_is_not_drawn_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"layer 'conv2': none of its channels is drawn; use conv1, conv3"):
        feature_channels.draw(tmp_path / "figure.png", table(gallery()), "shapes", layer="conv2")


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        (METHODS, (("pixels", "none"), ("pixels", "paper"))),
        ((("pixels", "none"), ("pixels", "lucid"), ("pixels", "paper")), (("pixels", "none"), ("pixels", "paper"))),
        ((("fourier", "none"), ("pixels", "none"), ("pixels", "mild")), (("pixels", "none"), ("pixels", "mild"))),
        ((("cppn", "lucid"), ("pixels", "lucid")), (("cppn", "lucid"), ("pixels", "lucid"))),
        ((("cppn", "lucid"),), (("cppn", "lucid"), ("cppn", "lucid"))),
    ],
)
def test_the_pair_is_the_papers_or_the_nearest_to_it(methods: list, expected: tuple) -> None:
    assert feature_channels.pair(methods) == expected


# --- values -----------------------------------------------------------------------------------------------------------


def test_values_are_shares_of_the_data_sets_range() -> None:
    row = {"objective": "conv1:0", "lowest": -1.0, "highest": 3.0, "dead": False} | how("optimised", "pixels", "none")
    rows = [
        row | {"value": 3.0},
        row | {"objective": "conv1:1", "value": 11.0},
        row | {"objective": "conv1:2", "value": -3.0},
        row | {"objective": "conv1:3", "value": None, "dead": True},
        row | {"objective": "conv1:4", "value": 2.0, "highest": -1.0},  # a range of nothing has no shares
        row | {"value": 3.0} | how("top", "dataset", "none"),
    ]
    assert feature_values.shares(rows) == {("pixels", "none"): {"conv1:0": 1.0, "conv1:1": 3.0, "conv1:2": -0.5}}


def test_each_panel_has_its_layers_shares_and_their_median(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery()
    feature_values.draw(tmp_path / "figure.png", table(rows), "shapes")
    panels = {axes.get_title().split(" (")[0]: axes for axes in saved[0].axes}
    assert list(panels) == ["conv1", "conv3", "classes", "others"]
    labels = [label.get_text() for label in panels["conv1"].get_yticklabels()]
    assert labels == [feature_images.method_words(*method) for method in METHODS]
    for group, axes in panels.items():
        for line, method in enumerate(METHODS):
            expected = [
                (row["value"] + 1) / 4
                for row in rows
                if feature_images.group_of(row["objective"]) == group
                and (row["kind"], row["parameterization"], row["regularization"]) == ("optimised", *method)
            ]
            dots, median = axes.get_lines()[2 * line : 2 * line + 2]
            assert sorted(dots.get_xdata()) == pytest.approx(sorted(expected))
            assert all(abs(height - line) < 0.5 for height in dots.get_ydata())
            assert (median.get_xdata()[0], median.get_ydata()[0]) == (pytest.approx(np.median(expected)), line)


@pytest.mark.parametrize(("factor", "kind"), [(0.3, "linear"), (30, "symlog")])
def test_the_axis_is_logarithmic_only_far_beyond_the_data_set_and_holds_all(
    tmp_path: Path, saved: list[Figure], factor: float, kind: str
) -> None:
    rows = [row | {"value": factor * row["value"]} for row in gallery()]
    feature_values.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    assert axes.get_xscale() == kind
    found = [share for shares in feature_values.shares(rows).values() for share in shares.values()]
    low, high = axes.get_xlim()
    assert low < min(0, *found) and max(1, *found) < high


def test_ticks_do_not_touch_each_other_however_far_values_go(tmp_path: Path, saved: list[Figure]) -> None:
    for factor in (3, 30, 3000):
        rows = [row | {"value": (1 if row["value"] > 0 else factor) * row["value"] * factor} for row in gallery()]
        feature_values.draw(tmp_path / "figure.png", table(rows), "shapes")
        axes = saved[-1].axes[0]
        places = axes.transAxes.inverted().transform(
            axes.transData.transform([(tick, 0) for tick in axes.xaxis.get_major_locator()()])
        )[:, 0]
        assert len(places) >= 3 and min(np.diff(places)) >= 0.999 * feature_values.APART
        assert min(places) >= 0 and max(places) <= 1


# --- variety ----------------------------------------------------------------------------------------------------------


def line_under(axes: Axes, heading: str) -> list[list[int]]:
    """Numbers of the images in the lines under each text of that name, from left to right."""
    names = [text.get_position() for text in axes.texts if text.get_text() == heading]
    starts = sorted(text.get_position()[0] for text in axes.texts if text.get_size() == 8 and text.get_ha() == "left")
    lines = []
    for x, y in names:
        end = min((start for start in starts if start > x + 0.01), default=style.PAGE)
        own = [
            image
            for image in axes.images
            if x - 0.01 <= image.get_extent()[0] < end and 0 < image.get_extent()[3] - y < 0.1
        ]
        lines.append([number(image) for image in sorted(own, key=lambda image: image.get_extent()[0])])
    return lines


def test_copies_stand_side_by_side_without_and_with_diversity(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery()
    feature_variety.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    for objective, name in CLASSES.items():
        expected = [
            sorted(
                (place for place, row in enumerate(rows) if (row["objective"], row["kind"]) == (objective, kind)),
                key=lambda place: rows[place]["rank"],
            )
            for kind in ("undiverse", "diverse")
        ]
        assert line_under(axes, name) == expected
        assert len(expected[0]) == len(expected[1]) == 3
    for image in axes.images:
        assert_says(below(axes, image), rows[number(image)]["value"])


def test_the_way_between_classes_is_in_order_and_framed_by_what_it_is_taken_for(
    tmp_path: Path, saved: list[Figure]
) -> None:
    rows = gallery()
    for first in ("class:0", "class:1"):  # one end, the other, and neither
        way = [row for row in rows if row["kind"] == "between" and row["objective"] == first]
        for row, predicted in zip(way, (CLASSES[first], CLASSES[way[0]["second"]], "nothing known"), strict=True):
            row["predicted"] = predicted
    feature_variety.draw(tmp_path / "figure.png", table(rows), "shapes")
    axes = saved[0].axes[0]
    between = {place: row for place, row in enumerate(rows) if row["kind"] == "between"}
    for first, name in (("class:0", "zero → one"), ("class:1", "one → two")):
        own = [place for place, row in between.items() if row["objective"] == first]
        assert line_under(axes, name) == [sorted(own, key=lambda place: rows[place]["share"])]
    for colour, share in ((feature_variety.FIRST, 0.0), (feature_variety.SECOND, 1.0), (feature_variety.WRONG, 0.5)):
        wanted = {place for place, row in between.items() if row["share"] == share}
        assert framed(axes, colour) & set(between) == wanted


def test_both_classes_of_a_pair_are_named_in_the_room_there_is() -> None:
    assert feature_variety.heading(("zero", "one"), 2.0) == "zero → one"
    text = feature_variety.heading(("a name that is very long", "another name of great length"), 1.5)
    first, second = text.split(feature_variety.ARROW)
    assert first.startswith("a name") and second.startswith("another")
    assert feature_images.text_width(text, 7) <= 1.5


def test_interpolations_alone_are_drawn_and_copies_alone(tmp_path: Path, saved: list[Figure]) -> None:
    rows = gallery()
    for kinds in ({"between"}, {"undiverse", "diverse"}):
        kept = [row for row in rows if row["kind"] in ("top", "bottom", "optimised", *kinds)]
        feature_variety.draw(tmp_path / "figure.png", table(kept), "shapes")
        assert {rows[number(image)]["kind"] for image in saved[-1].axes[0].images} == kinds


# --- transfer ---------------------------------------------------------------------------------------------------------


def test_each_share_stands_beside_its_method_with_its_interval_and_chance(tmp_path: Path, saved: list[Figure]) -> None:
    found = verdicts(classes=60)
    feature_transfer.draw(tmp_path / "figure.png", found, "cnn7", "shapes, cnn7")
    axes = saved[0].axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [feature_images.method_words(*method) for method in (("dataset", "none"), *METHODS)]
    chance = next(line for line in axes.get_lines() if str(line.get_label()).startswith("chance"))
    assert chance.get_xdata()[0] == pytest.approx(1 / 60)
    assert len(axes.containers) == 2
    for container, judge in zip(axes.containers, ("cnn7", "resnet18"), strict=True):
        assert str(container.get_label()).startswith(judge)
        assert ("made for" in str(container.get_label())) == (judge == "cnn7")
        own = [row for row in found.to_pylist() if row["judge"] == judge]
        dots, _, (bars,) = container.lines
        assert list(dots.get_xdata()) == pytest.approx([row["share"] for row in own])
        assert [round(float(height)) for height in dots.get_ydata()] == list(range(len(own)))
        ends = np.array([segment[:, 0] for segment in bars.get_segments()])
        assert ends == pytest.approx(np.array([(row["ci_low"], row["ci_high"]) for row in own]))


def test_verdicts_are_equal_bytes_and_none_say_so(tmp_path: Path, saved: list[Figure]) -> None:
    for name in ("one", "two"):
        feature_transfer.draw(tmp_path / f"{name}.png", verdicts(), "cnn7", "shapes")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    feature_transfer.draw(tmp_path / "none.png", verdicts().slice(0, 0), "cnn7", "shapes")
    assert any(text.get_text().startswith("no method") for text in saved[-1].axes[0].texts)
