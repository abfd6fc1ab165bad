"""The steps on a small data set: tables as the contract says, equal bytes, nothing left behind."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import save_classifier
from invariscope.data.table import Images, write_data
from invariscope.errors import UserError
from invariscope.steps import evaluate_transformer, plot_transformer, train_transformer

BLOCK = {
    "architecture": "five_conv",
    "widths": [3, 4, 4, 4, 4],
    "pool_after": [1, 2],
    "batch_norm": True,
    "training": {},  # untrained: what steps hand on is looked at here, not what networks learn
}
TRAINING = {"iterations": 3, "batch_size": 8, "width": 8, "controls": 3, "initial_scale": 0.3, "learning_rate": 1e-3}
EVALUATION = {"images": 40, "strengths": [0.5, 1], "samples": 20, "grid": 3, "examples": 1}
WHERE = ("cpu", "discs", "cnn")
CONTRACT = {"kind", "control", "strength", "displacement", "accuracy", "study", "classifier", "seed"}


@pytest.fixture
def folder(images: Images, held_out: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holds data.parquet and model.safetensors."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "data.parquet", {"train": images, "test": held_out})
    save_classifier(new_classifier(BLOCK, images, 0, torch.device("cpu")), tmp_path / "model.safetensors")
    return tmp_path


def run_all(folder: Path, name: str, data: str = "data.parquet") -> Path:
    out = folder / name
    inputs = {"data": folder / data, "model": folder / "model.safetensors"}
    transformer, history = out / "transformer.safetensors", out / "history.parquet"
    train_transformer.run({"seed": 0, "training": TRAINING}, *WHERE, **inputs, transformer=transformer, history=history)
    evaluate_transformer.run(
        {"seed": 0, "evaluation": EVALUATION},
        *WHERE,
        **inputs,
        transformer=transformer,
        evaluation=out / "evaluation.parquet",
        transformations=out / "transformations.parquet",
        examples=out / "examples.parquet",
        metrics=out / "metrics.json",
    )
    return out


def test_equal_seeds_give_equal_bytes_and_the_tables_of_the_contract(folder: Path) -> None:
    first, second = run_all(folder, "first"), run_all(folder, "second")
    names = sorted(path.name for path in first.iterdir())
    tables = ("history", "evaluation", "transformations", "examples")
    assert names == sorted(["transformer.safetensors", "metrics.json", *(f"{table}.parquet" for table in tables)])
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    evaluation = pq.read_table(first / "evaluation.parquet")
    assert set(evaluation.column_names) >= CONTRACT | {"fill", "interpolation", "ci_low", "ci_high", "n_images"}
    assert set(evaluation["kind"].to_pylist()) == {"learned", "random", "identity"}
    assert set(evaluation["fill"].to_pylist()) == {"zeros"}
    assert len(pq.read_table(first / "history.parquet")) == 3
    metrics = json.loads((first / "metrics.json").read_text())
    (row,) = (
        row
        for row in evaluation.to_pylist()
        if (row["kind"], row["control"], row["strength"]) == ("learned", "both", 1.0)
    )
    assert metrics["both"]["learned_accuracy"] == row["accuracy"] and metrics["strength"] == 1
    assert list((folder / ".checkpoints").glob("*")) == []
    figures = {name: first / f"{name}.png" for name in ("training", "accuracy", "quantities", "alpha", "beta")}
    plot_transformer.run(*WHERE[1:], **{name: first / f"{name}.parquet" for name in tables}, **figures)
    assert all(path.stat().st_size > 10_000 for path in figures.values())


def test_data_that_do_not_fit_are_named(folder: Path, images: Images, held_out: Images) -> None:
    others = [replace(part, class_names=("disc", "hoop")) for part in (images, held_out)]
    write_data(folder / "others.parquet", dict(zip(("train", "test"), others, strict=True)))
    with pytest.raises(UserError, match=r"model\.safetensors: has other classes than .*others\.parquet"):
        run_all(folder, "others", "others.parquet")
    out = run_all(folder, "grey")
    colour = [replace(part, pixels=np.repeat(part.pixels, 3, axis=1)) for part in (images, held_out)]
    write_data(folder / "colour.parquet", dict(zip(("train", "test"), colour, strict=True)))
    with pytest.raises(UserError, match=r"is for images of 1 channels, and .*colour\.parquet has 3"):
        evaluate_transformer.run(
            {"seed": 0, "evaluation": EVALUATION},
            *WHERE,
            data=folder / "colour.parquet",
            model=folder / "model.safetensors",
            transformer=out / "transformer.safetensors",
            evaluation=out / "a.parquet",
            transformations=out / "b.parquet",
            examples=out / "c.parquet",
            metrics=out / "d.json",
        )
