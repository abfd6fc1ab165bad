"""The steps of the filter-GAN on a small data set: tables as the contract says, equal bytes, nothing left behind."""

import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch

from invariscope.checkpoint import Checkpoint
from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import save_classifier
from invariscope.data.table import Images, write_data
from invariscope.filter_gan.presets import NOISE, NOISE_LEVELS
from invariscope.steps import compare_presets, plot_presets, train_filter_gan

BLOCK = {
    "architecture": "five_conv",
    "widths": [3, 4, 4, 4, 4],
    "pool_after": [1, 2],
    "batch_norm": True,
    "training": {},  # untrained: what steps hand on is looked at here, not what networks learn
}
TRAINING = {
    "preset": "held_spread",
    "latent_dimension": 3,
    "iterations": 4,
    "batch_size": 8,
    "generator_width": 8,
    "discriminator_width": 4,
    "log_every": 2,
    "log_banks": 2,
    "log_images": 40,
}
WHERE = ("cpu", "bars", "cnn", "conv2")


@pytest.fixture
def folder(images: Images, held_out: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holds data.parquet, model.safetensors, generator.safetensors and history.parquet."""
    monkeypatch.chdir(tmp_path)
    write_data(tmp_path / "data.parquet", {"train": images, "test": held_out})
    save_classifier(new_classifier(BLOCK, images, 0, torch.device("cpu")), tmp_path / "model.safetensors")
    train_filter_gan.run(
        {"seed": 0, "training": TRAINING, "layer": {}},
        *WHERE,
        data=tmp_path / "data.parquet",
        model=tmp_path / "model.safetensors",
        generator=tmp_path / "generator.safetensors",
        history=tmp_path / "history.parquet",
    )
    return tmp_path


def test_another_layers_training_is_not_taken_for_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its parameters, images, classifier and shapes are equal; and it has been killed at its end."""

    def train(layer: str, name: str) -> bytes:
        train_filter_gan.run(
            {"seed": 0, "training": TRAINING, "layer": {}},
            "cpu",
            "bars",
            "cnn",
            layer,
            data=folder / "data.parquet",
            model=folder / "model.safetensors",
            generator=folder / f"{name}.safetensors",
            history=folder / f"{name}.parquet",
        )
        return (folder / f"{name}.safetensors").read_bytes()

    alone = train("conv4", "alone")
    with monkeypatch.context() as killed:
        killed.setattr(Checkpoint, "remove", lambda self: None)
        other = train("conv3", "other")
    assert list((folder / ".checkpoints").glob("*"))
    assert train("conv4", "beside") == alone != other


def test_presets_are_compared_with_the_layers_own(folder: Path) -> None:
    params = {"seed": 0, "training": TRAINING, "layer": {}, "presets": ["held_spread", "algorithm_1"]}
    for name in ("first", "second"):
        compare_presets.run(
            params,
            *WHERE,
            data=folder / "data.parquet",
            model=folder / "model.safetensors",
            history=folder / "history.parquet",
            comparison=folder / f"{name}.parquet",
            metrics=folder / f"{name}.json",
        )
    assert (folder / "first.parquet").read_bytes() == (folder / "second.parquet").read_bytes()
    table = pq.read_table(folder / "first.parquet")
    presets = table["preset"].to_pylist()
    assert presets == ["held_spread"] * 2 + ["algorithm_1"] * 2 + [NOISE] * len(NOISE_LEVELS)
    own = pq.read_table(folder / "history.parquet")
    assert table["weight_spread"][:2].to_pylist() == own["weight_spread"].to_pylist()
    noise = table.filter(pc.equal(table["preset"], NOISE))
    assert noise["noise"].to_pylist() == list(NOISE_LEVELS) and noise["iteration"].null_count == len(noise)
    metrics = json.loads((folder / "first.json").read_text())
    assert set(metrics) == {"held_spread", "algorithm_1"}
    assert metrics["algorithm_1"]["single_bank_accuracy"] == table["single_bank_accuracy"][3].as_py()
    assert list((folder / ".checkpoints").glob("*")) == []
    plot_presets.run(*WHERE[1:], comparison=folder / "first.parquet", presets=folder / "presets.png")
    assert (folder / "presets.png").stat().st_size > 10_000
