"""How far each method goes, and who recognises its images: the tables' numbers at their places."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from invariscope.figures import (
    feature_images,
    feature_transfer,
    feature_values,
)
from tests.figures.galleries import (
    METHODS,
    gallery,
    how,
    table,
    verdicts,
)


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


# --- transfer --------------------------------------------------------------------------------------------------------


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
