"""The step that trains mirrors, and its figures, from end to end at toy size."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from invariscope.classifiers.model_file import Classifier, save_classifier
from invariscope.data.table import Images, write_data
from invariscope.errors import UserError
from invariscope.steps import plot_unpooling, train_unpooling
from tests.unpooling.small import RESNET, SIZE, chain_classifier

BLOCK = {"width": 8, "images": 64, "batch_size": 8, "pairs": 0.25, "pixels": 32, "log_every": 4}
FILES = {"mirrors": "safetensors", "history": "parquet", "iou": "parquet", "pictures": "parquet", "metrics": "json"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, splits: dict[str, Images], classifier: Classifier) -> Path:
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "data.parquet", splits)
    save_classifier(classifier, tmp_path / "classifier.safetensors")
    return tmp_path


def run(folder: Path, name: str, source: str = "procedural_shapes") -> dict[str, Path]:
    files = {kind: folder / f"{name}_{kind}.{suffix}" for kind, suffix in FILES.items()}
    params = {"seed": 0, "unpooling": BLOCK, "source": source}
    given = {"data": folder / "data.parquet", "model": folder / "classifier.safetensors"}
    train_unpooling.run(params, "cpu", "shapes", "cnn", **given, **files)
    return files


def test_equal_seeds_give_equal_bytes_tables_and_figures(folder: Path) -> None:
    first, second = run(folder, "first"), run(folder, "second")
    assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in FILES)
    assert list((folder / ".checkpoints").glob("*")) == []
    rows = pq.read_table(first["iou"]).to_pylist()
    assert {"class_name", "scene", "switches", "n_images", "iou", "ci_low", "ci_high", "iou_any"} <= set(rows[0])
    every = [row for row in rows if row["class_name"] == "all"]
    assert [(row["scene"], row["switches"], row["n_images"]) for row in every] == [
        ("one", True, 60),
        ("one", False, 60),
        ("two", True, 480),
        ("two", False, 480),
    ]
    metrics = json.loads(first["metrics"].read_text())
    assert metrics["one"]["iou_with_switches"]["mean"] == pytest.approx(every[0]["iou"])
    drawn = []
    for name in ("one", "other"):
        paths = {kind: folder / f"{name}_{kind}.png" for kind in ("training", "classes", "stages", "scenes")}
        tables = {kind: first[kind] for kind in ("history", "iou", "pictures")}
        plot_unpooling.run("shapes", "cnn", **tables, **paths)
        drawn.append([path.read_bytes() for path in paths.values()])
    assert drawn[0] == drawn[1] and all(len(content) > 5000 for content in drawn[0])


def test_a_source_without_masks_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"data\.parquet: data\.source: 'mnist' gives no true mask"):
        run(folder, "first", "mnist")


def test_a_network_that_is_no_chain_is_refused(folder: Path, images: Images) -> None:
    save_classifier(chain_classifier(images.class_names, RESNET, 3, SIZE), folder / "classifier.safetensors")
    with pytest.raises(UserError, match=r"classifier\.safetensors: is a network of branches.*five_conv"):
        run(folder, "first")


def test_figures_need_no_torch() -> None:
    check = "import sys, invariscope.steps.plot_unpooling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check]).returncode == 0
