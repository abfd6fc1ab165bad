"""Layers against each other, on traversal tables made by hand."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invariscope.__main__ import main
from invariscope.errors import UserError
from invariscope.filter_gan.config import Comparison
from invariscope.filter_gan.layer_comparison import (
    change_rows,
    checks,
    compare,
    converged_points,
    image_changes,
    on_one_scale,
    points_of_equal_size,
    summarise,
    verdict,
)
from invariscope.steps import compare_layers

CONFIG = Comparison(permutations=2000)
GRID = 3
CLAIM = "locality"


def traversal(
    layer: str,
    *,
    images: int = 12,
    locality: float = 0.5,
    size: float = 0.1,
    slant: float = 4.0,
    seed: int = 0,
    colour: bool = False,
) -> pa.Table:
    """Grids of 3 x 3 points for two kinds of axes: a noisy locality, and a slant that moves by `slant` degrees."""
    random = np.random.default_rng(seed)
    rows = []
    for image in range(images):
        own = random.normal(locality, 0.05)
        for axes in ("random", "principal"):
            for row in range(GRID):
                for column in range(GRID):
                    moved = (row, column) != (1, 1)
                    side = 1 if row > column else -1
                    rows.append(
                        {
                            "study": "digits",
                            "classifier": "cnn5",
                            "layer": layer,
                            "seed": 0,
                            "image_id": 100 + image,
                            "axes": axes,
                            "row": row,
                            "column": column,
                            "converged": (row, column) != (0, 0),
                            "rms_change": size * moved,
                            "locality": own + random.normal(0, 0.02) if moved else np.nan,
                            "slant": np.nan if colour else 10.0 * image + side * slant * moved,
                            "centre_shift": np.nan if colour else 0.5 * moved,
                            "brightness": 0.1 + 0.01 * image + 0.02 * moved,
                        }
                    )
    return pa.Table.from_pylist(rows)


def changes(**layers: dict) -> dict:
    return {name: image_changes(traversal(name, **options)) for name, options in layers.items()}


def row_of(rows: list[dict], attribute: str) -> dict:
    return next(row for row in rows if row["attribute"] == attribute)


def test_changes_are_distances_from_the_middle_of_the_own_grid() -> None:
    found = image_changes(traversal("conv2", images=3, slant=4.0))
    np.testing.assert_array_equal(found.image_ids, [100, 101, 102])
    np.testing.assert_allclose(found.original["slant"], [0, 10, 20])
    np.testing.assert_allclose(found.change["slant"], 4)  # up and down do not cancel
    np.testing.assert_allclose(found.change["centre_shift"], 0.5)  # is a distance already
    np.testing.assert_allclose(found.change["rms_change"], 0.1)  # the middle does not count
    np.testing.assert_array_equal(found.points, 2 * (GRID**2 - 1))
    assert found.converged == pytest.approx(7 / 8)
    table = traversal("conv2", images=3)
    assert (image_changes(table, converged_points(table)).points == 14).all()


def test_the_order_of_the_rows_does_not_matter() -> None:
    table = traversal("conv2")
    shuffled = table.take(np.random.default_rng(0).permutation(len(table)))
    for name, values in image_changes(table).change.items():
        np.testing.assert_allclose(image_changes(shuffled).change[name], values)


def test_attributes_are_compared_at_equal_rms_change_in_standard_deviations() -> None:
    """Twice the size and twice the slant is the same kind of change."""
    layers = changes(conv2={"size": 0.1, "slant": 3.0}, conv4={"size": 0.2, "slant": 6.0})
    scaled = on_one_scale(layers)
    deviation = (10.0 * np.arange(12)).std(ddof=1)
    np.testing.assert_allclose(scaled["conv2"]["slant"], 3 / deviation * 0.15 / 0.1)
    np.testing.assert_allclose(scaled["conv4"]["slant"], scaled["conv2"]["slant"])
    rows = compare(layers, CONFIG, seed=0)
    assert row_of(rows, "slant")["p_value"] == 1
    assert row_of(rows, "rms_change")["difference"] == pytest.approx(0.1)


def test_a_planted_difference_is_found_and_signed() -> None:
    rows = compare(changes(conv2={"locality": 0.7}, conv4={"locality": 0.4, "seed": 1}), CONFIG, seed=0)
    found = row_of(rows, "locality")
    assert found["p_value"] < 0.005 and found["ci_low"] < -0.3 < found["ci_high"] < 0
    assert found["mean_a"] == pytest.approx(0.7, abs=0.05) and found["mean_b"] == pytest.approx(0.4, abs=0.05)
    assert found["effect_size"] < -2 and found["n_images"] == 12
    assert found["p_holm"] >= found["p_value"]


def test_exchanging_the_layers_changes_signs_alone() -> None:
    layers = changes(conv2={"locality": 0.52, "images": 20}, conv4={"locality": 0.5, "images": 20, "seed": 1})
    one = row_of(compare(layers, CONFIG, seed=0), "locality")
    other = row_of(compare(dict(reversed(layers.items())), CONFIG, seed=0), "locality")
    assert 1 / 2001 < one["p_value"] == other["p_value"] < 1
    for name in ("difference", "effect_size"):
        assert one[name] == pytest.approx(-other[name])
    assert (one["ci_low"], one["mean_a"]) == pytest.approx((-other["ci_high"], other["mean_b"]))


def test_layers_that_do_not_differ_are_not_told_apart() -> None:
    """Over repetitions p is uniform: no size of change, and no row of the table, leaks into locality."""
    found = [
        row_of(compare(changes(a={"seed": seed}, b={"seed": 1000 + seed, "size": 0.3}), Comparison(200), seed), CLAIM)
        for seed in range(60)
    ]
    p = np.array([row["p_value"] for row in found])
    assert p.mean() == pytest.approx(0.5, abs=0.12)
    assert np.mean(p < 0.05) < 0.15


def test_images_are_paired_by_their_number() -> None:
    few, more = traversal("conv2", images=5, seed=3), traversal("conv4", images=8, seed=3)
    more = more.take(np.arange(len(more))[::-1])
    layers = {"conv2": image_changes(few), "conv4": image_changes(more)}
    found = row_of(compare(layers, CONFIG, seed=0), CLAIM)
    assert found["n_images"] == 5 and found["difference"] == pytest.approx(0, abs=1e-12)


def test_what_colour_images_lack_is_left_out() -> None:
    layers = changes(conv2={"colour": True}, conv4={"colour": True})
    names = {row["attribute"] for row in compare(layers, CONFIG, seed=0)}
    assert names == {"locality", "brightness", "rms_change"}
    assert {row["attribute"] for row in change_rows(layers)} == names | {"slant", "centre_shift"}


def test_every_pair_of_layers_is_compared() -> None:
    layers = changes(conv1={}, conv2={"seed": 1}, conv4={"seed": 2})
    rows = compare(layers, CONFIG, seed=0)
    assert [(row["layer_a"], row["layer_b"]) for row in rows if row["attribute"] == CLAIM] == [
        ("conv1", "conv2"),
        ("conv1", "conv4"),
        ("conv2", "conv4"),
    ]
    assert {"conv1_conv2", "conv1_conv4", "conv2_conv4"} < set(summarise(layers, rows))


def test_the_verdict_says_what_was_found() -> None:
    row = {"layer_a": "conv2", "layer_b": "conv4", "difference": -0.2, "p_value": 0.01, "p_holm": 0.04}
    other = row | {"difference": 0.2}
    assert verdict({"locality": row, "affine_motion": other}) == (
        "more locality in conv2, as the paper says; more affine motion in conv4, as the paper says"
    )
    assert verdict({"locality": other, "affine_motion": row}) == (
        "more locality in conv4, against the paper; more affine motion in conv2, against the paper"
    )
    assert verdict({"locality": row | {"p_value": 0.05}}) == "no difference in locality shown"
    assert verdict({"affine_motion": other | {"p_holm": 0.1}}) == "no difference in affine motion shown"


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def test_points_of_equal_size_are_those_that_both_layers_reach() -> None:
    small, large = traversal("conv2", images=2), traversal("conv4", images=3)
    points = np.arange(len(small))
    small = with_column(small, "rms_change", 0.01 * points)  # the images reach 0 to 0.17 and 0.18 to 0.35
    large = with_column(large, "rms_change", 0.1 + 0.01 * np.arange(len(large)))
    first, second = points_of_equal_size(small, large)
    np.testing.assert_array_equal(np.flatnonzero(first), [*range(10, 18), *range(28, 36)])
    np.testing.assert_array_equal(np.flatnonzero(second), [*range(8), *range(18, 26)])


def test_a_difference_that_comes_of_size_alone_is_seen_through() -> None:
    """Locality grows with the size of a change, and one layer makes larger ones."""
    tables = {}
    for layer, largest in (("conv2", 0.2), ("conv4", 0.1)):
        table = traversal(layer)
        random = np.random.default_rng(len(tables))
        size = np.where(np.isnan(table["locality"].to_numpy()), 0, random.uniform(0.05, largest, len(table)))
        table = with_column(table, "rms_change", size)
        tables[layer] = with_column(table, "locality", np.where(size > 0, 4 * size, np.nan))
    plain = row_of(compare({layer: image_changes(table) for layer, table in tables.items()}, CONFIG, 0), CLAIM)
    checked = row_of(checks(tables, CONFIG, 0)["equal_size"], CLAIM)
    assert plain["difference"] < -0.15 and plain["p_value"] < 0.01
    assert abs(checked["difference"]) < 0.03


def test_a_grid_without_its_middle_is_refused() -> None:
    table = traversal("conv2", images=2)
    with pytest.raises(UserError, match="no middle"):
        image_changes(table.slice(5))


# --- the step ---------------------------------------------------------------------------------------------------------

PARAMS = {"seed": 3, "comparison": {"permutations": 500}}


def run_step(folder: Path, *tables: pa.Table) -> dict[str, Path]:
    paths = []
    for number, table in enumerate(tables):
        paths.append(folder / f"{number}.parquet")
        pq.write_table(table, paths[-1])
    outputs = {name: folder / f"{name}.parquet" for name in ("attributes", "comparison")}
    outputs["metrics"] = folder / "metrics.json"
    compare_layers.run(PARAMS, "digits", "cnn5", traversals=paths, **outputs)
    return outputs


def test_the_step_writes_tables_and_a_verdict(tmp_path: Path) -> None:
    tables = traversal("conv2", locality=0.7), traversal("conv4", locality=0.4, seed=1)
    outputs = run_step(tmp_path, *tables)
    first = {name: path.read_bytes() for name, path in outputs.items()}
    metrics = json.loads(first["metrics"])
    assert metrics["conv2_conv4"]["verdict"] == "more locality in conv2, as the paper says"
    assert metrics["conv2_conv4"]["locality_converged"]["p_value"] < 0.05
    assert metrics["conv2"]["converged"] == pytest.approx(7 / 8)
    assert metrics["conv4"]["locality"] == pytest.approx(0.4, abs=0.05)
    changed = pq.read_table(outputs["attributes"])
    assert {"study", "classifier", "layer", "seed", "image_id", "attribute", "change"} < set(changed.column_names)
    assert len(changed) == 2 * 12 * 5
    run_step(tmp_path, *tables)
    assert first == {name: path.read_bytes() for name, path in outputs.items()}


def test_nothing_converged_is_no_error(tmp_path: Path) -> None:
    tables = [
        with_column(table, "converged", [False] * len(table))
        for table in (traversal("conv2"), traversal("conv4", seed=1))
    ]
    metrics = json.loads(run_step(tmp_path, *tables)["metrics"].read_text())
    assert metrics["conv2"]["converged"] == 0 and metrics["conv2_conv4"]["locality_converged"] == {}


def test_mistakes_get_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"layers\.cnn5: has conv2 alone"):
        run_step(tmp_path, traversal("conv2"))
    with pytest.raises(UserError, match="a table for every layer"):
        run_step(tmp_path, traversal("conv2"), traversal("conv2"))
    with pytest.raises(UserError, match="shares fewer than two images"):
        run_step(tmp_path, traversal("conv2"), traversal("conv4", images=1))
    with pytest.raises(UserError, match="has no column 'rms_change'"):
        run_step(tmp_path, traversal("conv2").drop_columns("rms_change"), traversal("conv4"))


def test_the_step_is_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare_layers", "--help"])
    assert "--traversals FILE [FILE ...]" in capsys.readouterr().out
