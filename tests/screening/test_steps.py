"""The steps of a screening, one after the other, on a small network: files with the columns that the contract names."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation, save_classifier
from invariscope.data.table import Images, write_data
from invariscope.steps import (
    compare_classifiers,
    find_sensitivity,
    find_thresholds,
    plot_comparison,
    plot_screening,
    plot_sensitivity,
    screen_transforms,
    sweep_renderings,
)

NAMES = ("one", "two", "three")
CONFIG = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1, 2], "batch_norm": True}
PARAMS: dict[str, Any] = {
    "seed": 0,
    "magnitudes": {"rotation": [-90, 0, 90], "zoom": [0.5, 1, 2], "brightness": [0, 0.5]},
    "own_magnitudes": {"brightness": [0, 0.2]},
    "images": 12,
    "batch_size": 5,
    "fill": "zeros",
    "interpolation": "bilinear",
    "clamp": True,
    "groups": {"short": ["one", "t?o"]},
    "thresholds": {"level": 0.5, "criteria": ["accuracy", "argmax"], "resamples": 20, "confidence": 0.9},
    "sensitivity": {"images": 6, "families": ["zoom"], "fills": ["zeros", "border"], "interpolations": ["nearest"]},
    "classifiers": ["net", "other"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classifiers, screened, compared and drawn."""
    folder = tmp_path_factory.mktemp("screening")
    random, labels = np.random.default_rng(0), np.arange(30) % 3
    images = Images(np.arange(30), random.integers(0, 256, (30, 3, 16, 16), dtype=np.uint8), labels, NAMES, {})
    write_data(folder / "data.parquet", {"test": images})
    for seed, name in enumerate(("net", "other")):
        torch.manual_seed(seed)
        network = Classifier(
            build_network(CONFIG, 3, 16, 3), CONFIG, 3, 16, NAMES, Normalisation((0.5,) * 3, (0.3,) * 3)
        )
        save_classifier(network, folder / f"{name}.safetensors")
        screened(folder, name)
    responses = [folder / name / "responses.parquet" for name in ("net", "other")]
    compare_classifiers.run(PARAMS, "toy", responses=responses, comparison=folder / "comparison.parquet")
    plot_comparison.run(
        "toy",
        thresholds=[folder / name / "thresholds.parquet" for name in ("net", "other")],
        comparison=folder / "comparison.parquet",
        forest=folder / "forest.png",
        differences=folder / "differences.png",
    )
    return folder


def screened(folder: Path, name: str) -> None:
    data, model = folder / "data.parquet", folder / f"{name}.safetensors"
    tables = {table: folder / name / f"{table}.parquet" for table in ("responses", "curves", "top_classes", "examples")}
    screen_transforms.run(PARAMS, "cpu", "toy", name, data=data, model=model, **tables)
    thresholds, metrics = folder / name / "thresholds.parquet", folder / name / "metrics.json"
    find_thresholds.run(PARAMS, "toy", name, responses=tables["responses"], thresholds=thresholds, metrics=metrics)
    figures = {
        figure: folder / name / f"{figure}.png" for figure in ("response_curves", "class_curves", "forest", "heat")
    }
    plot_screening.run("toy", name, thresholds=thresholds, **{k: tables[k] for k in list(tables)[1:]}, **figures)
    swept, found = folder / name / "renderings.parquet", folder / name / "sensitivity.parquet"
    curves = folder / name / "sensitivity_curves.parquet"
    sweep_renderings.run(PARAMS, "cpu", "toy", name, data=data, model=model, responses=swept)
    find_sensitivity.run(PARAMS, "toy", name, responses=swept, curves=curves, thresholds=found)
    plot_sensitivity.run("toy", name, curves=curves, thresholds=found, figure=folder / name / "sensitivity.png")


CONTRACT = {
    "net/curves": "family magnitude class_name fill interpolation n_images accuracy true_class_probability",
    "net/top_classes": "family magnitude class_name predicted_class probability",
    "net/thresholds": "family direction class_name criterion fill interpolation threshold ci_low ci_high censored"
    " rebounds n_images",
    "net/sensitivity": "family direction class_name criterion fill interpolation threshold difference",
    "comparison": "classifier other family direction class_name criterion threshold other_threshold difference",
}


@pytest.mark.parametrize("name", CONTRACT)
def test_tables_have_the_columns_of_the_contract(folder: Path, name: str) -> None:
    table = pq.read_table(folder / f"{name}.parquet")
    assert set(CONTRACT[name].split()) <= set(table.column_names)
    assert {"study", "seed"} <= set(table.column_names) and len(table)
    numbers = [column for column in table.column_names if "threshold" in column or "difference" in column]
    assert all(str(table.schema.field(column).type) == "double" for column in numbers)


def test_rows_are_of_groups_and_classes(folder: Path) -> None:
    rows = pq.read_table(folder / "net/thresholds.parquet").to_pylist()
    images = {(row["class_name"], row["kind"]): row["n_images"] for row in rows}
    assert images == {("all", "group"): 12, ("short", "group"): 8, **{(name, "class"): 4 for name in NAMES}}
    assert {row["family"] for row in rows} == {"rotation", "zoom", "brightness"}
    assert max(row["grid_end"] for row in rows if row["family"] == "brightness") == 0.2  # the study's own grid
    swept = pq.read_table(folder / "net/sensitivity.parquet").to_pylist()
    assert {(row["fill"], row["interpolation"]) for row in swept} == {
        ("zeros", "bilinear"),
        ("border", "bilinear"),
        ("zeros", "nearest"),
    }


def test_every_figure_is_drawn(folder: Path) -> None:
    drawn = {str(path.relative_to(folder)) for path in folder.rglob("*.png")}
    of_net = {"response_curves", "class_curves", "forest", "heat", "sensitivity"}
    assert drawn >= {"forest.png", "differences.png", *(f"net/{name}.png" for name in of_net)}
