"""Whether made-up methods tell made-up twins apart, and agree."""

from typing import Any

import numpy as np
import pytest

from invariscope.ground_truth import compare
from invariscope.ground_truth.compare import EVERY, MATCHED, POOLED
from invariscope.ground_truth.config import ALL, FIXED, twin_names
from invariscope.ground_truth.verdict import page, verdicts

FACTORS = ("turn", "grey")
SEEDS = 6


def made(
    lift: float, method: str, layers: tuple[str, ...] = ("class",), seed: int = 0, shift: float = 0.0
) -> list[dict]:
    """Scores of noise 1, higher by `lift` if the network saw the factor vary; each factor on a scale of its own."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for place, factor in enumerate(FACTORS):
        for twin in twin_names(dict.fromkeys(FACTORS)):
            for number in range(SEEDS):
                for layer in layers:
                    value = 10.0**place * (random.standard_normal() + lift * (twin != factor + FIXED) + shift)
                    rows.append(
                        {"factor": factor, "network": twin, "seed": number, "method": method, "layer": layer}
                        | {"value": value, "score": value}
                    )
    return rows


def test_a_network_is_labelled_by_what_it_saw() -> None:
    rows = compare.scored(made(0, "rendering"))
    assert {row["network"] for row in rows if row["twin"] == "fixed" and row["factor"] == "turn"} == {"turn" + FIXED}


def test_scores_are_standardised_within_a_factor_and_layer() -> None:
    rows = compare.scored(made(3, "rendering", shift=50.0))
    for factor in FACTORS:
        values = [row["standard"] for row in rows if row["factor"] == factor]
        assert np.mean(values) == pytest.approx(0) and np.std(values) == pytest.approx(1)
    equal = [row | {"score": 2.0} for row in made(0, "rendering")]
    assert {row["standard"] for row in compare.scored(equal)} == {0.0}
    unknown = compare.scored([row | {"score": float("nan")} for row in made(0, "rendering")])
    assert all(np.isnan(row["standard"]) for row in unknown)


def test_methods_with_layers_have_a_mean_over_them() -> None:
    rows = compare.with_method_means(compare.scored(made(1, "goodfellow", ("a", "b"))))
    means = {(row["factor"], row["network"], row["seed"]): row["standard"] for row in rows if row["layer"] == EVERY}
    parts = [row["standard"] for row in rows if (row["factor"], row["network"], row["seed"]) == ("turn", ALL, 0)][:2]
    assert means["turn", ALL, 0] == pytest.approx(np.mean(parts))
    single = compare.with_method_means(compare.scored(made(1, "rendering")))
    assert not any(row["layer"] == EVERY for row in single)


def test_differences_are_paired_over_seeds() -> None:
    """Noise that twins share is no noise of their difference."""
    rows = made(0.5, "rendering")
    for row in rows:
        row["score"] = (
            100.0 * row["seed"] + (0.5 if row["network"] != row["factor"] + FIXED else 0) + 1e-3 * row["value"]
        )
    found = compare.difference_rows(compare.scored(rows))
    assert [row["tells_apart"] for row in found] == [True, True]
    assert found[0]["difference"] == pytest.approx(0.5, abs=0.05) and found[0]["pairs"] == SEEDS


def test_noise_tells_nothing_apart() -> None:
    told = []
    for seed in range(40):
        told += [row["tells_apart"] for row in compare.difference_rows(compare.scored(made(0, "rendering", seed=seed)))]
    assert np.mean(told) < 0.08  # a 95 % interval lies above 0 by chance in 2.5 %


def test_areas() -> None:
    rows = compare.scored(made(8, "rendering") + made(0, "screening", seed=1))
    found = {(row["method"], row["factor"], row["kind"]): row for row in compare.auc_rows(rows, 200, 0)}
    for kind in (MATCHED, POOLED):
        assert found["rendering", EVERY, kind]["auc"] == 1
        chance = found["screening", EVERY, kind]
        assert chance["ci_low"] < 0.5 < chance["ci_high"]
    assert found["rendering", "turn", MATCHED]["pairs"] == 2 * SEEDS
    assert found["rendering", "turn", POOLED]["pairs"] == 3 * SEEDS


def test_curves_go_from_nobody_to_everybody() -> None:
    rows = compare.scored(made(8, "rendering") + made(0, "screening", seed=1))
    for method in ("rendering", "screening"):
        points = [
            (row["fixed_taken"], row["varied_taken"]) for row in compare.roc_rows(rows) if row["method"] == method
        ]
        assert points[0] == (0, 0) and points[-1] == (1, 1) and points == sorted(points)
        assert ((0, 1) in points) == (method == "rendering")  # a perfect method takes no fixed one first


def test_agreement_is_of_ranks_within_factors() -> None:
    rows = made(1, "rendering")
    same = [row | {"method": "screening", "score": row["score"] ** 3} for row in rows]
    against = [row | {"method": "goodfellow", "score": -row["score"]} for row in rows]
    other = made(0, "transformer", seed=5)
    found = compare.agreement_rows(compare.scored(rows + same + against + other), 200, 0)
    pairs = {(row["method"], row["other"]): row for row in found}
    assert pairs["rendering", "screening"]["correlation"] > 0.95
    assert pairs["rendering", "goodfellow"]["correlation"] == pytest.approx(-1)
    unrelated = pairs["rendering", "transformer"]
    assert unrelated["ci_low"] < 0 < unrelated["ci_high"] and unrelated["items"] == 2 * 3 * SEEDS


def test_a_single_repetition_has_no_interval() -> None:
    rows = compare.scored(row for row in made(1, "rendering") + made(1, "screening", seed=2) if row["seed"] == 0)
    assert all(np.isnan(row["ci_low"]) and not row["tells_apart"] for row in compare.difference_rows(rows))
    assert all(np.isnan(row["ci_low"]) for row in compare.auc_rows(rows, 20, 0))
    found = verdicts(compare.difference_rows(rows), compare.auc_rows(rows, 20, 0), compare.agreement_rows(rows, 20, 0))
    assert found["auc_matched"]["rendering"]["ci_low"] is None
    assert "| Threshold screening | none | turn, grey |" in page(found, "own", 1)


def test_verdicts_follow_from_the_tables() -> None:
    """The filter-GAN sees `turn` at layer a, where the Lie derivative sees `grey`."""
    noise = made(0, "filter_gan", ("a",), seed=1), made(0, "lie_derivative", ("a",), seed=2)
    rows = made(9, "rendering")
    rows += [row | {"method": "screening"} for row in rows]
    rows += [row | {"method": "transformer", "score": -row["score"]} for row in made(9, "rendering")]
    rows += [row | {"method": "random_filters"} for row in made(0, "filter_gan", ("a",), seed=3)]
    for method_rows, factor in zip(noise, FACTORS, strict=True):
        seen = [row for row in method_rows if row["factor"] == factor and row["network"] != factor + FIXED]
        for row in seen:
            row["score"] += 1000
        rows += method_rows
    together = compare.with_method_means(compare.scored(rows))
    tables = (
        compare.difference_rows(together),
        compare.auc_rows(together, 100, 0),
        compare.agreement_rows(together, 100, 0),
    )
    found = verdicts(*tables)
    assert found["tells_apart"]["rendering"] == {"turn": True, "grey": True}
    assert found["adds"] == ["turn at a"] and found["misses"] == ["grey at a"]
    assert found["agrees"]["rendering, screening"] == "agree"
    assert found["agrees"]["screening, transformer"] == "contradict"
    text = page(found, "own", SEEDS)
    assert "| Filter-GAN traversal | turn | grey |" in text
    assert "where neither direct measure of the same layer does: turn at a." in text
