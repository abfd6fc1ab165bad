"""The step that trains an autoencoder, and its figures."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch

from invariscope.data.table import Images, write_data
from invariscope.generative.autoencoder_file import load_autoencoder
from invariscope.steps import plot_autoencoder, train_autoencoder

BLOCK = {
    "latent_dimension": 2,
    "encoder_widths": [4],
    "decoder_widths": [4, 4],
    "dense_width": 16,
    "dense_layers": 1,
    "images": 800,
    "batch_size": 40,
    "log_every": 5,
}
FILES = {"model": "safetensors", "history": "parquet", "metrics": "json", "reconstructions": "parquet"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: Images, held_out: Images) -> Path:
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "data.parquet", {"train": images, "test": held_out})
    return tmp_path


def run(folder: Path, name: str) -> dict[str, Path]:
    files = {kind: folder / f"{name}_{kind}.{suffix}" for kind, suffix in FILES.items()}
    train_autoencoder.run({"seed": 0, "autoencoder": BLOCK}, "cpu", "discs", data=folder / "data.parquet", **files)
    return files


def test_equal_seeds_give_equal_bytes_and_nothing_stays_behind(folder: Path) -> None:
    first, second = run(folder, "first"), run(folder, "second")
    assert all(first[kind].read_bytes() == second[kind].read_bytes() for kind in FILES)
    assert list((folder / ".checkpoints").glob("*")) == []
    assert load_autoencoder(first["model"], torch.device("cpu")).latent_dimension == 2
    history = pq.read_table(first["history"]).to_pylist()
    assert [row["iteration"] for row in history if row["split"] == "test"] == [5, 10, 15, 20]
    metrics = json.loads(first["metrics"].read_text())
    assert metrics["test_error"] == pytest.approx((1 - metrics["explained"]) * metrics["mean_image_error"])
    assert pq.read_table(first["reconstructions"])["kind"].to_pylist() == ["original", "reconstruction"] * 2


def test_the_figures_are_drawn_alike_twice(folder: Path) -> None:
    files = run(folder, "first")
    drawn = []
    for name in ("one", "two"):
        paths = {kind: folder / f"{name}_{kind}.png" for kind in ("training", "pairs")}
        plot_autoencoder.run("discs", history=files["history"], reconstructions=files["reconstructions"], **paths)
        drawn.append([path.read_bytes() for path in paths.values()])
    assert drawn[0] == drawn[1] and all(len(content) > 5000 for content in drawn[0])
