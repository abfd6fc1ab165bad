"""Training a classifier and drawing it, as steps: equal seeds to equal bytes, tables as their contract says."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from invariscope.__main__ import main
from invariscope.classifiers import evaluation
from invariscope.classifiers.evaluation import confusion_table
from invariscope.data.table import Images, StoredImages, read_data, write_data, write_table
from invariscope.figures.confusion import groups
from invariscope.steps import train_classifier

TABLES = ("history", "class_accuracy", "confusion")


def train(folder: Path, data: Path, block: dict) -> None:
    outputs = {name: folder / f"{name}.parquet" for name in TABLES}
    train_classifier.run(
        {"seed": 0, "block": block},
        "cpu",
        "bars",
        "cnn",
        data=data,
        model=folder / "model.safetensors",
        metrics=folder / "metrics.json",
        **outputs,
    )


@pytest.fixture
def data(train_images: Images, test_images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    splits = {"train": train_images, "validation": test_images, "test": test_images}
    write_data(tmp_path / "data.parquet", splits)
    return tmp_path / "data.parquet"


def test_equal_seeds_give_equal_bytes_of_every_file(block: dict, data: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        train(tmp_path / name, data, block)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == sorted(["model.safetensors", "metrics.json", *(f"{name}.parquet" for name in TABLES)])
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    assert list((tmp_path / ".checkpoints").glob("*")) == []


def test_the_tables_hold_what_their_contract_says(block: dict, data: Path, tmp_path: Path) -> None:
    train(tmp_path, data, block)
    history = pq.read_table(tmp_path / "history.parquet")
    assert {"study", "classifier", "seed", "epoch", "split", "loss", "accuracy", "seconds"} <= set(history.column_names)
    assert history["split"].to_pylist() == ["train", "validation"] * 3  # and not the test split
    assert history["seconds"].null_count == len(history) and history["seconds"].type == pa.float64()
    assert b"benchmarks/jobs" in history.schema.field("seconds").metadata[b"unit"]
    confusion = pq.read_table(tmp_path / "confusion.parquet").to_pylist()
    assert len(confusion) == 16 and sum(row["n_images"] for row in confusion) == 40
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    right = sum(row["n_images"] for row in confusion if row["class_name"] == row["predicted_class"])
    assert metrics["test_accuracy"] == right / 40
    assert set(metrics) == {"test_accuracy", "train_accuracy", "parameters"}


def test_weights_are_judged_without_training(block: dict, data: Path, tmp_path: Path) -> None:
    train(tmp_path / "trained", data, block)
    taken = {name: value for name, value in block.items() if name != "training"}
    train(tmp_path / "taken", data, taken | {"weights": str(tmp_path / "trained" / "model.safetensors")})
    for name in ("model.safetensors", "confusion.parquet", "class_accuracy.parquet"):
        assert (tmp_path / "trained" / name).read_bytes() == (tmp_path / "taken" / name).read_bytes(), name
    trained, judged = (json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("trained", "taken"))
    assert judged == trained | {"train_accuracy": None}  # nothing was trained here
    history = pq.read_table(tmp_path / "taken" / "history.parquet").to_pylist()
    assert [(row["epoch"], row["split"]) for row in history] == [(0, "validation")]


def test_weights_need_no_training_images_and_never_all_of_the_test(
    block: dict, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tmp_path / "trained", data, block)
    write_data(tmp_path / "test_only.parquet", {"test": read_data(data, "test")})
    taken = {name: value for name, value in block.items() if name != "training"}
    weights = {"weights": str(tmp_path / "trained" / "model.safetensors")}
    sizes, read = [], StoredImages.at
    monkeypatch.setattr(StoredImages, "at", lambda images, places: sizes.append(len(places)) or read(images, places))
    monkeypatch.setattr(evaluation, "BLOCK", 9)
    train(tmp_path / "taken", tmp_path / "test_only.parquet", taken | weights)
    assert sum(sizes) == 1 + 2 * 40 and max(sizes) == 9  # one to see their shape, then judged as a history and by class
    name = "confusion.parquet"
    assert (tmp_path / "trained" / name).read_bytes() == (tmp_path / "taken" / name).read_bytes()


@pytest.mark.parametrize("classes", [4, 60])
def test_the_figures_are_drawn_with_few_and_with_many_classes(classes: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    counts = np.diag(np.full(classes, 50)) + (generator.random((classes, classes)) < 0.05)
    names = tuple(f"{colour} shape{number}" for number in range(classes // 2) for colour in ("red", "blue"))
    write_table(tmp_path / "confusion.parquet", *confusion_table(counts, names, {"study": "s"}))
    write_table(
        tmp_path / "history.parquet",
        {"epoch": [1, 1, 2, 2], "split": ["train", "test"] * 2, "loss": [1.0, 0.5, 0.4, 0.3], "accuracy": [0.7] * 4},
    )
    pictures = [tmp_path / f"{name}.{suffix}" for name in ("curve", "matrix") for suffix in ("png", "pdf")]
    tables = ("--history", tmp_path / "history.parquet", "--confusion", tmp_path / "confusion.parquet")
    figures = ("--learning-curve", *pictures[:2], "--confusion-matrix", *pictures[2:])
    drawn = []
    for _ in range(2):
        assert main(["plot_training", "s", "c", *map(str, tables), *map(str, figures)]) == 0
        drawn.append([picture.read_bytes() for picture in pictures])
    assert drawn[0] == drawn[1]
    assert [picture[:4] for picture in drawn[0]] == [b"\x89PNG", b"%PDF"] * 2
    assert all(10_000 < len(picture) < 1_000_000 for picture in drawn[0])


def test_many_classes_are_named_by_what_neighbours_share() -> None:
    shapes = [
        f"{colour} {fill} {shape}" for shape in "AB" for fill in "xyz" for colour in ("red", "green", "blue", "sky")
    ]
    labels, sizes = groups(shapes)
    assert labels == ["x A", "y A", "z A", "x B", "y B", "z B"] and sizes == [4] * 6
    labels, sizes = groups([f"n{number:03}" for number in range(100)])
    assert len(labels) == 20 and labels[1] == "n005" and sizes == [5] * 20
    assert sum(groups([str(number) for number in range(47)])[1]) == 47
