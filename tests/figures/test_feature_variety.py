"""Copies side by side and ways between classes: in their order, framed by what they are taken for."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from invariscope.figures import (
    feature_images,
    feature_variety,
    style,
)
from tests.figures.galleries import (
    CLASSES,
    assert_says,
    below,
    framed,
    gallery,
    number,
    table,
)


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
