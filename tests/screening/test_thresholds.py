"""Thresholds found are those put in, and intervals cover them as often as they say."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invariscope.errors import UserError
from invariscope.screening.config import Condition, Thresholds, groups_of
from invariscope.screening.families import FAMILIES
from invariscope.screening.responses import STEP, Responses, write_responses
from invariscope.screening.thresholds import NUMBERS, first_crossings, leads, resample, summary, threshold_rows
from invariscope.steps import find_thresholds

ORIGIN: dict[str, Any] = {"study": "toy", "classifier": "net", "seed": 0}
ROTATION = [-180.0, -120.0, -60.0, -30.0, 0.0, 30.0, 60.0, 120.0, 180.0]
CONFIG = Thresholds(level=0.5, resamples=200)


def answers(
    probability: Callable[[float, np.ndarray], np.ndarray],
    labels: list[int],
    grids: dict[str, list[float]],
    correct: Callable[[float, np.ndarray], np.ndarray] | None = None,
) -> Responses:
    """Two classes, answered as `probability` of the true class and `correct` say (magnitude, place in the class)."""
    conditions: list[Condition] = [(family, step) for family, grid in grids.items() for step in grid]
    truth = np.array(labels)
    place = np.array([labels[:index].count(label) for index, label in enumerate(labels)])
    true = np.array([np.broadcast_to(probability(step, place), place.shape) for _, step in conditions])
    true = np.round(true / STEP) * STEP
    right = (
        true > 0.5
        if correct is None
        else np.array([correct(step, place) & np.ones(place.shape, bool) for _, step in conditions])
    )
    probabilities = np.where(np.eye(2)[truth], true[..., None], 1 - true[..., None]).astype(np.float32)
    rendering = {family: {"fill": "zeros", "interpolation": "bilinear", "clamp": True} for family in grids}
    names = {label: "ab"[label] for label in sorted(set(labels))}
    ids = np.arange(len(labels))
    return Responses(conditions, ids, truth, names, np.where(right, truth, 1 - truth), probabilities, rendering)


def everything(responses: Responses) -> dict[str, frozenset[str]]:
    return groups_of(responses.sizes, {})


def found(responses: Responses, config: Thresholds = CONFIG, **key: Any) -> dict[str, Any]:
    rows = threshold_rows(responses, everything(responses), config, 0, ORIGIN)
    chosen = [row for row in rows if all(row[name] == value for name, value in key.items())]
    assert len(chosen) == 1
    return chosen[0]


def key(direction: str = "positive", class_name: str = "a", criterion: str = "accuracy") -> dict[str, str]:
    return {"direction": direction, "class_name": class_name, "criterion": criterion}


def test_linear_fall_has_its_analytic_threshold() -> None:
    """100 images, the k-th right up to k + 0.5 degrees: accuracy 1 - angle / 100, so half of it is at 50 degrees."""
    responses = answers(
        lambda angle, place: np.full(place.shape, 0.75),
        [0] * 100,
        {"rotation": ROTATION},
        lambda angle, place: abs(angle) < place + 0.5,
    )
    row = found(responses, **key())
    assert row["threshold"] == pytest.approx(50) and not row["censored"] and not row["rebounds"]
    assert row["ci_low"] < 50 < row["ci_high"] and row["clean"] == 1 and row["n_images"] == 100
    assert found(responses, **key("negative"))["threshold"] == pytest.approx(-50)
    quarter = found(responses, Thresholds(level=0.8, resamples=50), **key())
    assert quarter["threshold"] == pytest.approx(20)


def test_level_is_relative_to_clean_accuracy() -> None:
    """Half right at first, then a fall by a half of that over 60 degrees: the level is met at 30."""
    responses = answers(
        lambda angle, place: np.full(place.shape, 0.5),
        [0] * 240,
        {"rotation": [0.0, 60.0]},
        lambda angle, place: place < 120 - 2 * angle,
    )
    row = found(responses, **key())
    assert row["clean"] == 0.5 and row["threshold"] == pytest.approx(30)


def test_argmax_is_lost_where_mean_softmax_curves_cross() -> None:
    """The true class has 1 - angle / 100, the other angle / 100: they cross at 50 degrees, whatever the accuracy."""
    grid = [0.0, 30.0, 60.0, 90.0]
    responses = answers(lambda angle, place: np.full(place.shape, 1 - angle / 100), [0] * 20, {"rotation": grid})
    row = found(responses, **key(criterion="argmax"))
    assert row["threshold"] == pytest.approx(50, abs=0.01) and row["level"] is None
    assert row["ci_low"] == row["ci_high"] == row["threshold"]  # all images are alike


def test_lead_is_over_the_best_other_class() -> None:
    probabilities = np.array([[[0.5, 0.3, 0.2], [0.5, 0.1, 0.4]], [[0.2, 0.5, 0.3], [0.4, 0.1, 0.5]]], np.float32)
    conditions = [("rotation", 0.0), ("rotation", 1.0)]
    responses = Responses(
        conditions, np.arange(2), np.zeros(2, int), {0: "a"}, np.zeros((2, 2), int), probabilities, {"rotation": {}}
    )
    both = leads(responses, np.array([[1, 1], [2, 0], [0, 2]], np.uint16)) / 2
    np.testing.assert_allclose(
        both, [[0.5 - 0.3, 0.3 - 0.4], [0.5 - 0.3, 0.2 - 0.5], [0.5 - 0.4, 0.4 - 0.5]], atol=1e-6
    )


def test_all_images_average_the_leads_of_classes() -> None:
    """3 images of one class ahead by 0.8, 9 of the other by 0.2."""
    responses = answers(
        lambda angle, place: np.where(place < 3, 0.9, 0.6), [0] * 3 + [1] * 9, {"rotation": [0.0, 60.0]}
    )
    ahead = {name: found(responses, **key(class_name=name, criterion="argmax"))["clean"] for name in ("all", "a", "b")}
    assert ahead["a"] == pytest.approx(0.8, abs=2 * STEP)
    assert ahead["all"] == pytest.approx((3 * ahead["a"] + 9 * ahead["b"]) / 12)


def test_constant_answers_are_censored_everywhere() -> None:
    grids = {family: [kind.identity, kind.identity + 0.5] for family, kind in FAMILIES.items()}
    grids |= {"rotation": ROTATION, "zoom": [0.5, 1.0, 2.0]}
    responses = answers(lambda step, place: np.full(place.shape, 0.75), [0, 1] * 10, grids)
    rows = threshold_rows(responses, everything(responses), CONFIG, 0, ORIGIN)
    assert len(rows) == (12 + 2) * 3 * 2  # two families have two directions; all, a, b; two criteria
    for row in rows:
        assert row["censored"] and row["threshold"] is None and not row["rebounds"]
        assert row["ci_low"] is None and row["ci_high"] is None and row["censored_share"] == 1
    assert {row["grid_end"] for row in rows if row["family"] == "zoom"} == {0.5, 2.0}


def test_rebound_at_half_a_turn() -> None:
    responses = answers(
        lambda angle, place: 0.5 + 0.4 * np.cos(np.radians(2 * angle)) + 0 * place, [0] * 30, {"rotation": ROTATION}
    )
    for criterion in ("accuracy", "argmax"):
        for direction, sign in (("positive", 1), ("negative", -1)):
            row = found(responses, **key(direction, criterion=criterion))
            assert row["rebounds"] and row["rebound_share"] == 1 and 30 <= sign * row["threshold"] <= 60
    falling = answers(lambda angle, place: 0.9 - 0.004 * abs(angle) + 0 * place, [0] * 30, {"rotation": ROTATION})
    assert not found(falling, **key())["rebounds"]


def test_what_is_lost_from_the_start_is_lost_at_the_identity() -> None:
    responses = answers(lambda angle, place: np.full(place.shape, 0.2), [0, 1] * 5, {"zoom": [0.5, 1.0, 2.0]})
    for criterion in ("accuracy", "argmax"):
        row = found(responses, **key("negative", criterion=criterion))
        assert row["threshold"] == row["ci_low"] == row["ci_high"] == 1 and not row["censored"]


def test_open_interval_where_many_resamples_are_censored() -> None:
    """21 of 40 images are lost: about half of the resamples are not."""
    responses = answers(
        lambda angle, place: np.full(place.shape, 0.7),
        [0] * 40,
        {"rotation": [0.0, 90.0]},
        lambda angle, place: (angle == 0) | (place >= 21),
    )
    row = found(responses, **key())
    assert not row["censored"] and 85 < row["threshold"] < 90
    assert row["ci_low"] < row["threshold"] and row["ci_high"] is None and 0.2 < row["censored_share"] < 0.7


def test_first_crossing_interpolates_and_ignores_rounding() -> None:
    magnitudes = np.array([1.0, 0.8, 0.4])
    curves = np.array([[1, 0.7, 0.3], [1, 0.5, 0.5], [1, 0.2, 0.9], [0.3 - 0.1, 0.2, 0.1]])
    places, rebounds, back = first_crossings(curves, magnitudes, np.array([0.5, 0.5, 0.5, 0.2]))
    np.testing.assert_allclose(places, [0.6, -math.inf, 0.875, 0.8])
    np.testing.assert_allclose(rebounds, [[math.nan, math.nan, 0.4, math.nan]] * 2)
    assert back == (-math.inf, -math.inf)  # of the first curve


def test_rebound_is_where_the_curve_is_highest_of_the_stretch_that_comes_back() -> None:
    """Recognised within 20 degrees of every quarter turn, and a little better on one side."""
    grid = np.arange(0.0, 281, 10)
    off = np.minimum(grid % 90, 90 - grid % 90)
    curve = np.select([off < 10, off < 20, off == 20], [1.0, 0.8, 0.5], 0.0)
    lopsided = np.where((grid > 45) & (grid < 90), curve / 1.25, curve)
    for values, highest in ((curve, 90), (lopsided, 90), (np.where(curve == 1, 0.8, curve), 90)):
        places, rebounds, back = first_crossings(values[None], grid, np.array([0.5]))
        assert places[0] == pytest.approx(20) and rebounds.mean() == highest
        assert back[0] == pytest.approx(70 if values is not lopsided else 74.17, abs=0.1)
        assert back[1] == pytest.approx(110)
    _, rebounds, back = first_crossings(curve[None, :10], grid[:10], np.array([0.5]))
    assert rebounds.tolist() == [[90], [90]] and back[1] == math.inf  # the grid ends there


def test_a_square_comes_back_at_a_quarter_turn() -> None:
    """Images break at angles of their own on either side of each quarter turn: the interval covers 90 degrees."""
    widths = np.random.default_rng(0).uniform(5, 35, 60)
    responses = answers(
        lambda angle, place: np.full(place.shape, 0.75),
        [0] * 60,
        {"rotation": [float(angle) for angle in range(0, 181, 15)]},
        lambda angle, place: min(angle % 90, 90 - angle % 90) < widths,
    )
    row = found(responses, **key())
    assert row["rebounds"] and row["rebound"] == row["rebound_low"] == row["rebound_high"] == 90
    assert 60 < row["rebound_start"] < 90 < row["rebound_end"] < 120
    assert 10 < row["threshold"] < 30 and row["rebound_share"] == 1


def test_groups_pool_their_classes() -> None:
    responses = answers(lambda angle, place: np.full(place.shape, 0.75), [0] * 20 + [1] * 20, {"rotation": [0.0, 10.0]})
    rows = threshold_rows(responses, groups_of(responses.sizes, {"first": ["a"], "both": ["[ab]"]}), CONFIG, 0, ORIGIN)
    images = {(row["class_name"], row["kind"]): row["n_images"] for row in rows}
    assert images == {
        ("all", "group"): 40,
        ("first", "group"): 20,
        ("both", "group"): 40,
        ("a", "class"): 20,
        ("b", "class"): 20,
    }


@pytest.mark.parametrize(("patterns", "message"), [({"a": ["b"]}, "name of a class"), ({"c": ["x*"]}, "matches none")])
def test_groups_are_refused(patterns: dict[str, list[str]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        groups_of(["a", "b"], patterns)


def test_resamples() -> None:
    counts = resample(30, 400, 0, "a")
    assert counts.shape == (401, 30) and (counts[0] == 1).all() and (counts.sum(axis=1) == 30).all()
    assert counts[1:].var() == pytest.approx(29 / 30, abs=0.05)  # multinomial
    assert np.array_equal(counts, resample(30, 400, 0, "a")) and not np.array_equal(counts, resample(30, 400, 0, "b"))


def test_intervals_cover() -> None:
    """Images with random breaking points: accuracy falls as their distribution says, and 90 % intervals cover the
    threshold of that distribution (between grid points it is linear, so interpolation adds no error)."""
    random, grid, config = (
        np.random.default_rng(0),
        [0.0, 20.0, 40.0, 60.0, 80.0, 100.0],
        Thresholds(0.5, ("accuracy",), 200, 0.9),
    )
    hits, trials = 0, 200
    for trial in range(trials):
        breaks = random.uniform(0, 100, 60)
        responses = answers(
            lambda angle, place: np.full(place.shape, 0.5),
            [0] * 60,
            {"rotation": grid},
            lambda angle, place, b=breaks: angle < b,
        )
        row = next(row for row in threshold_rows(responses, {}, config, trial, ORIGIN) if row["class_name"] == "a")
        hits += row["ci_low"] <= 50 <= row["ci_high"]
    assert 0.84 <= hits / trials <= 0.96


def test_summary() -> None:
    responses = answers(
        lambda angle, place: np.full(place.shape, 0.9),
        [0] * 10 + [1] * 10,
        {"rotation": ROTATION},
        lambda angle, place: abs(angle) < 90,
    )
    figures = summary(responses, threshold_rows(responses, everything(responses), CONFIG, 0, ORIGIN))
    assert figures["clean_accuracy"] == 1
    both = {"rotation_negative": -90, "rotation_positive": 90}
    assert figures["threshold"] == {"all": both} and figures["median_class_threshold"] == both


def test_step_writes_typed_nulls(tmp_path: Path) -> None:
    import json

    import pyarrow.parquet as pq

    responses = answers(lambda step, place: np.full(place.shape, 0.75), [0, 1] * 10, {"rotation": ROTATION})
    write_responses(tmp_path / "r.parquet", responses, ORIGIN)
    params: dict[str, Any] = {"seed": 0, "groups": {}}
    params["thresholds"] = {"level": 0.5, "criteria": ["argmax"], "resamples": 20, "confidence": 0.9}
    paths = {name: tmp_path / name for name in ("thresholds", "metrics")}
    find_thresholds.run(params, "toy", "net", responses=tmp_path / "r.parquet", **paths)
    table = pq.read_table(paths["thresholds"])
    assert {str(table.schema.field(name).type) for name in NUMBERS} == {"double"}
    assert json.loads(paths["metrics"].read_text())["clean_accuracy"] == 1
    first = paths["thresholds"].read_bytes()
    find_thresholds.run(params, "toy", "net", responses=tmp_path / "r.parquet", **paths)
    assert paths["thresholds"].read_bytes() == first
