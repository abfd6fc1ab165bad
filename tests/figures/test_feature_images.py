"""Images of units and classes by every method: the right one at the right place, its value, and what is not there."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from invariscope.data.table import write_rows
from invariscope.errors import UserError
from invariscope.figures import (
    feature_channels,
    feature_classes,
    feature_images,
    feature_sheet,
    feature_values,
    style,
)
from invariscope.steps import plot_feature_sheet
from tests.figures.galleries import (
    CHANNELS,
    CLASSES,
    METHODS,
    MINUS,
    SUM,
    Row,
    assert_says,
    below,
    crossing,
    framed,
    gallery,
    image_at,
    number,
    table,
    words,
)

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


# --- channels --------------------------------------------------------------------------------------------------------


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
