"""The steps that train generative networks and judge them, and their figures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation, save_classifier
from invariscope.data.table import Images, write_data
from invariscope.errors import UserError
from invariscope.generative.dcgan import Generator
from invariscope.generative.network_file import load_autoencoder, load_network
from invariscope.runtime import seeded
from invariscope.steps import (
    evaluate_generative,
    plot_autoencoders,
    plot_generative,
    train_autoencoder,
    train_dcgan,
)

CPU = torch.device("cpu")
CONVOLUTIONAL: dict[str, Any] = {
    "latent_dimension": 2,
    "encoder_widths": [4],
    "decoder_widths": [4, 4],
    "dense_width": 16,
    "dense_layers": 1,
    "images": 800,
    "batch_size": 40,
    "log_every": 5,
}
TWO_LAYER: dict[str, Any] = {"units": 6, "sparsity": 0.1, "images": 800, "batch_size": 40, "log_every": 5}
CODERS = {
    "autoencoder": CONVOLUTIONAL,
    "variational": CONVOLUTIONAL,
    "sparse": TWO_LAYER | {"sparsity_weight": 3.0},
    "dense": TWO_LAYER | {"sparsity_weight": 0.0},
}
DCGAN: dict[str, Any] = {
    "phases": {"discriminator": 2, "generator": 2, "both": 4},
    "latent_dimension": 4,
    "widths": [8, 4],
    "batch_size": 20,
    "log_every": 4,
    "log_images": 30,
}
EVALUATION: dict[str, Any] = {"judges": ["first", "second"], "images": 40, "draws": 2, "resamples": 5}
CODER_FILES = {"model": "safetensors", "history": "parquet", "metrics": "json", "reconstructions": "parquet"}
DCGAN_FILES = {"model": "safetensors", "history": "parquet", "metrics": "json"}
TABLES = ("evaluation", "units", "correlations", "samples", "sweeps", "basis")
FIGURES = ("distances", "sheet", "latents", "codes", "dictionary", "schedule")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, images: Images, held_out: Images) -> Path:
    """The data, and a study's networks trained from them."""
    folder = tmp_path_factory.mktemp("study")
    write_data(folder / "data.parquet", {"train": images, "test": held_out})
    for number, judge in enumerate(EVALUATION["judges"]):
        save_classifier(classifier(number), folder / f"{judge}.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind in CODERS:
            train_coder(folder, kind, "first")
        train_gan(folder, "first")
        judge_all(folder, "first")
    return folder


@pytest.fixture(autouse=True)
def there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def classifier(seed: int) -> Classifier:
    config = {"architecture": "five_conv", "widths": [4, 4, 4, 4, 4], "pool_after": [1, 2], "batch_norm": True}
    with seeded(CPU, seed, "network"):
        network = build_network(config, 1, 16, 2)
    return Classifier(network, config, 1, 16, ["disc", "ring"], Normalisation((0.1,), (0.3,))).eval()


def files_of(folder: Path, name: str, kind: str, suffixes: dict[str, str]) -> dict[str, Path]:
    place = folder / name / kind
    place.mkdir(parents=True, exist_ok=True)
    return {file: place / f"{file}.{suffix}" for file, suffix in suffixes.items()}


def train_coder(folder: Path, kind: str, name: str) -> dict[str, Path]:
    files = files_of(folder, name, kind, CODER_FILES)
    params = {"seed": 0, "settings": CODERS[kind]}
    train_autoencoder.run(params, "cpu", "discs", kind, data=folder / "data.parquet", **files)
    return files


def train_gan(folder: Path, name: str) -> dict[str, Path]:
    files = files_of(folder, name, "dcgan", DCGAN_FILES)
    judge = folder / "first.safetensors"
    train_dcgan.run({"seed": 0, "settings": DCGAN}, "cpu", "discs", data=folder / "data.parquet", judge=judge, **files)
    return files


def judge_all(folder: Path, name: str) -> dict[str, Path]:
    """Of the networks that were trained first."""
    files = files_of(folder, name, "evaluation", dict.fromkeys(TABLES, "parquet") | {"metrics": "json"})
    evaluate_generative.run(
        {"seed": 0, "evaluation": EVALUATION},
        "cpu",
        "discs",
        data=folder / "data.parquet",
        judges=[folder / f"{judge}.safetensors" for judge in EVALUATION["judges"]],
        networks=[folder / "first" / kind / "model.safetensors" for kind in (*CODERS, "dcgan")],
        **files,
    )
    return files


RUNS: dict[str, Callable[[Path, str], dict[str, Path]]] = {
    **{kind: lambda folder, name, kind=kind: train_coder(folder, kind, name) for kind in CODERS},  # type: ignore[misc]
    "dcgan": train_gan,
    "evaluation": judge_all,
}


@pytest.mark.parametrize("run", RUNS)
def test_equal_seeds_give_equal_bytes_and_nothing_stays_behind(folder: Path, run: str) -> None:
    again = RUNS[run](folder, "second")
    assert all((folder / "first" / run / path.name).read_bytes() == path.read_bytes() for path in again.values())
    assert list((folder / ".checkpoints").glob("*")) == []


@pytest.mark.parametrize("kind", CODERS)
def test_an_autoencoder_of_each_kind(folder: Path, kind: str) -> None:
    place = folder / "first" / kind
    dimension = CODERS[kind].get("latent_dimension", CODERS[kind].get("units"))
    assert load_autoencoder(place / "model.safetensors", CPU).latent_dimension == dimension
    history = pq.read_table(place / "history.parquet").to_pylist()
    assert [row["iteration"] for row in history if row["split"] == "test"] == [5, 10, 15, 20]
    assert {row["kind"] for row in history} == {kind}
    nats = [row["divergence"] for row in history if row["split"] == "train"]
    assert all(value is None for value in nats) if kind == "autoencoder" else all(value > 0 for value in nats)
    metrics = json.loads((place / "metrics.json").read_text())
    assert metrics["test_error"] == pytest.approx((1 - metrics["explained"]) * metrics["mean_image_error"])
    shown = pq.read_table(place / "reconstructions.parquet")
    assert sorted(shown["class_name"].to_pylist()) == ["disc", "disc", "ring", "ring"]
    assert shown["kind"].to_pylist() == ["original", "reconstruction"] * 2


def test_the_sparse_one_is_nearer_to_its_sparsity_than_its_control(folder: Path) -> None:
    last = {}
    for kind in ("sparse", "dense"):
        rows = pq.read_table(folder / "first" / kind / "history.parquet").to_pylist()
        last[kind] = [row["divergence"] for row in rows if row["split"] == "train"][-1]
    assert last["sparse"] < 0.7 * last["dense"]


def test_an_unknown_kind_is_refused(folder: Path) -> None:
    files = files_of(folder, "second", "other", CODER_FILES)
    with pytest.raises(UserError, match="'other' is no kind of autoencoder"):
        train_autoencoder.run(
            {"seed": 0, "settings": CONVOLUTIONAL}, "cpu", "discs", "other", data=folder / "data.parquet", **files
        )


def test_the_dcgan_and_its_phases(folder: Path) -> None:
    place = folder / "first" / "dcgan"
    assert isinstance(load_network(place / "model.safetensors", CPU), Generator)
    with pytest.raises(UserError, match="a generator without an encoder"):
        load_autoencoder(place / "model.safetensors", CPU)
    rows = pq.read_table(place / "history.parquet").to_pylist()
    phases = [(row["iteration"], row["phase"]) for row in rows]
    assert phases == [(0, "discriminator"), (2, "discriminator"), (4, "generator"), (8, "both")]
    assert [row["generator_loss"] is None for row in rows] == [True, True, False, False]
    assert [row["discriminator_loss"] is None for row in rows] == [True, False, True, False]
    metrics = json.loads((place / "metrics.json").read_text())
    assert metrics["frechet_distance_after"] == rows[-1]["frechet_distance"]


def test_every_network_is_judged_by_every_judge(folder: Path) -> None:
    place = folder / "first" / "evaluation"
    rows = pq.read_table(place / "evaluation.parquet").to_pylist()
    distances = {(row["kind"], row["codes"], row["judge"]) for row in rows if row["metric"] == "frechet_distance"}
    codes = dict.fromkeys(CODERS, ("drawn", "box", "encoded")) | {"dcgan": ("drawn",), "real": ("real",)}
    judges = EVALUATION["judges"]
    assert distances == {(kind, source, judge) for kind in codes for source in codes[kind] for judge in judges}
    assert {row["kind"] for row in rows if row["metric"] == "sparsity_error"} == {"sparse", "dense"}
    units = pq.read_table(place / "units.parquet").to_pylist()
    assert {row["kind"]: row["unit"] + 1 for row in units} == {
        "autoencoder": 2,
        "variational": 2,
        "sparse": 6,
        "dense": 6,
    }
    assert set(pq.read_table(place / "basis.parquet")["kind"].to_pylist()) == {"sparse", "dense"}
    for table in ("samples", "sweeps"):
        assert set(pq.read_table(place / f"{table}.parquet")["kind"].to_pylist()) == {*CODERS, "dcgan"}


@pytest.mark.parametrize("kinds", [tuple(CODERS), ("autoencoder",)])
def test_the_figures_of_autoencoders_are_drawn_alike_twice(folder: Path, tmp_path: Path, kinds: tuple[str]) -> None:
    drawn = []
    for name in ("one", "two"):
        paths = {kind: tmp_path / f"{name}_{kind}.png" for kind in ("training", "pairs")}
        plot_autoencoders.run(
            "discs",
            histories=[folder / "first" / kind / "history.parquet" for kind in kinds],
            reconstructions=[folder / "first" / kind / "reconstructions.parquet" for kind in kinds],
            **paths,
        )
        drawn.append([path.read_bytes() for path in paths.values()])
    assert drawn[0] == drawn[1] and all(len(content) > 5000 for content in drawn[0])


def test_the_figures_of_the_evaluation_are_drawn_alike_twice(folder: Path, tmp_path: Path) -> None:
    drawn = []
    for name in ("one", "two"):
        paths = {figure: tmp_path / f"{name}_{figure}.png" for figure in FIGURES}
        plot_generative.run(
            {"sparsity": 0.1},
            "discs",
            history=folder / "first" / "dcgan" / "history.parquet",
            **{table: folder / "first" / "evaluation" / f"{table}.parquet" for table in TABLES},
            **paths,
        )
        drawn.append([path.read_bytes() for path in paths.values()])
    assert drawn[0] == drawn[1] and all(len(content) > 5000 for content in drawn[0])
