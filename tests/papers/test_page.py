"""The page of the sources names every figure, reads what the workflow makes, and says what the numbers say."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from invariscope import plan
from invariscope.data.table import write_rows
from invariscope.papers.page import SOURCES, page, read
from invariscope.params import PARAMS, load_yaml

FIGURES = (set(range(1, 8)), set(range(1, 14)), {1, 6, 11, 14, 19}, set())  # of the sources, as they number them


@pytest.fixture(scope="module")
def targets(root: Path) -> list[str]:
    return plan.targets(load_yaml(root / PARAMS))


@pytest.mark.parametrize(("source", "expected"), list(zip(SOURCES, FIGURES, strict=True)), ids=range(4))
def test_every_figure_of_a_source_has_a_row(source: Any, expected: set[int]) -> None:
    names = [item.name for item in source.items]
    assert len(set(names)) == len(names)
    numbers = set()
    for name in names:
        if match := re.match(r"Figures? (\d+)(?: (?:to|and) (\d+))?", name):
            numbers |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    assert numbers == expected


def test_what_is_read_and_shown_is_what_the_default_studies_make(targets: list[str]) -> None:
    for item in (item for source in SOURCES for item in source.items):
        assert item.answers or item.why_not, item.name
        for answer in item.answers:
            assert answer.files(targets), f"{item.name}: nothing makes {answer.pattern}"
        for name in item.look_at:
            assert any(fnmatchcase(path, f"results/*{name}") for path in targets), f"{item.name}: nothing makes {name}"


def test_a_run_without_any_of_it_has_no_page() -> None:
    params = {"studies": ["plain"], "plain": {"data": {}, "classifiers": {}}}
    assert not [path for path in plan.targets(params) if path.startswith(plan.PAPERS)]


def measure(mean: float, half: float = 0.01) -> dict[str, float]:
    return {"mean": mean, "ci_low": mean - half, "ci_high": mean + half}


def averaging(real: float, ours: float) -> dict[str, Any]:
    accuracies = {"real": real, "real_retrained": 0.95, "averaged_retrained": ours, "orbit_mean_retrained": 0.94}
    return {
        name: {"accuracy": measure(value), "minus_real_retrained": measure(value - 0.95)}
        for name, value in accuracies.items()
    } | {"averaged_minus_real_retrained": measure(ours - 0.95, 0.002)}


def written(folder: Path, name: str, content: dict[str, Any]) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return name


def lines(text: str, source: int, item: str) -> list[str]:
    """The rows of an item of a source: its own, and those below it that name no other."""
    table = text.split("\n## ")[1 + source].splitlines()
    first = next(number for number, line in enumerate(table) if line.startswith(f"| **{item}** |"))
    after = next((n for n, line in enumerate(table[first + 1 :]) if not line.startswith("|  |")), len(table))
    return table[first : first + 1 + after]


def test_the_numbers_are_those_of_the_results(tmp_path: Path) -> None:
    paths = [
        written(tmp_path, f"results/toy/net/filter_gan/{layer}/accuracy.json", averaging(0.9, ours))
        for layer, ours in (("conv2", 0.953), ("conv4", 0.931))
    ]
    text = page([*paths, "results/toy/net/training/other.json"], tmp_path)
    accuracy = lines(text, 0, "Section 5.2, accuracy")
    assert "0.982" in accuracy[0] and "0.971" in accuracy[0]
    assert "toy, net, conv2" in accuracy[0] and "+0.30 (+0.10 to +0.50) points" in accuracy[0]
    assert "toy, net, conv4" in accuracy[1] and "-1.90 (-2.10 to -1.70) points" in accuracy[1]
    assert "mean over the orbit, retrained: -1.00 (-2.00 to " in lines(text, 0, "Section 6, pooling")[0]
    assert "Not part of this run." in lines(text, 0, "Figure 5")[0]
    assert read(paths) == paths and read(["results/toy/net/training/other.json"]) == []


def threshold(
    family: str, direction: str, name: str, criterion: str, value: float | None, **more: Any
) -> dict[str, Any]:
    row = {"family": family, "direction": direction, "class_name": name, "criterion": criterion, "threshold": value}
    row |= {"kind": "group" if name == "all" else "class", "censored": value is None, "grid_end": 180.0}
    row |= {"ci_low": None if value is None else value - 1, "ci_high": None if value is None else value + 1}
    return row | {"rebounds": False, "rebound": None} | more


def test_a_threshold_beyond_the_grid_and_classes_that_come_back_are_told(tmp_path: Path) -> None:
    path = tmp_path / "results/toy/net/screening/thresholds.parquet"
    path.parent.mkdir(parents=True)
    rows = [
        threshold("rotation", "positive", "all", "accuracy", 40.0),
        threshold("gaussian_noise", "positive", "all", "accuracy", None),
        threshold("rotation", "negative", "circle", "argmax", None),
        threshold("rotation", "positive", "circle", "argmax", None),
        threshold("rotation", "negative", "line", "argmax", -30.0, rebounds=True, rebound=-180.0),
        threshold("rotation", "positive", "line", "argmax", 30.0, rebounds=True, rebound=180.0),
        threshold("rotation", "positive", "arrow", "argmax", 30.0),
    ]
    write_rows(path, rows, {}, ("threshold", "ci_low", "ci_high", "rebound"))
    text = page(["results/toy/net/screening/thresholds.parquet"], tmp_path)
    assert (
        "rotation 40 (39 to 41)" in lines(text, 2, "Figure 6")[0]
        and "gaussian noise beyond 180" in lines(text, 2, "Figure 6")[0]
    )
    turned = lines(text, 2, "Figure 6, rotation")[0]
    assert "of 3 classes 1 never change (circle); 1 come back, at 180° in the median" in turned


def test_classifiers_differ_where_the_interval_leaves_out_zero(tmp_path: Path) -> None:
    path = tmp_path / "results/toy/comparison/thresholds.parquet"
    path.parent.mkdir(parents=True)
    row = {"classifier": "a", "other": "b", "class_name": "all", "criterion": "accuracy"}
    ends = ((0.1, 0.3), (-0.3, -0.1), (-0.1, 0.2), (None, None))
    rows = [row | {"difference_low": low, "difference_high": high} for low, high in ends]
    write_rows(path, rows, {}, ("difference_low", "difference_high"))
    text = page(["results/toy/comparison/thresholds.parquet"], tmp_path)
    assert "a and b differ (interval without 0) in 2 of 3 thresholds" in lines(text, 2, "Figure 11")[0]
