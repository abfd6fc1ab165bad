"""The steps on small networks: tables as the contract says, equal bytes, nothing left behind."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from invariscope.classifiers.initial import new_classifier
from invariscope.classifiers.model_file import load_classifier, save_classifier
from invariscope.data.table import Images, write_data
from invariscope.errors import UserError
from invariscope.features import ascent as climbing
from invariscope.features.parameterizations import Latents
from invariscope.features.robustness import Robustness
from invariscope.features.visualize import visualize
from invariscope.generative.config import AutoencoderTraining
from invariscope.generative.dcgan import Generator
from invariscope.generative.network_file import load_autoencoder, load_network, save_network
from invariscope.generative.train import new_autoencoder
from invariscope.runtime import seeded
from invariscope.steps import diagnose_ascent, plot_features, plot_latents, search_latents, visualize_features

CPU = torch.device("cpu")
BLOCK = {
    "architecture": "five_conv",
    "widths": [3, 4, 4, 4, 4],
    "pool_after": [1, 2],
    "batch_norm": True,
    "training": {},  # untrained: what steps hand on is looked at here, not what networks learn
}
PARAMS = {
    "seed": 0,
    "search": {"samples": 150, "best": 3},
    "ascent": {"candidates": 20, "starts": 3, "rounds": 2, "steps": 6},
    "units": {"layers": {"conv3": 2}, "classes": [1], "objectives": [], "judges": ["other"]},
    "decoders": {"networks": ["dcgan"], "candidates": 8, "starts": 2, "rounds": 1, "steps": 3},
    "diagnosis": {"classes": 2, "steps": 4, "codes": 6},
    "gallery": {
        "images": 20,
        "examples": 2,
        "steps": 3,
        "leaky_steps": 1,
        "slope": 0.1,
        "methods": {
            "pixels": {"regularizations": ["none", "turned"], "learning_rate": 0.05, "transfer": ["none"]},
            "fourier": {"regularizations": ["turned"], "learning_rate": 0.05, "transfer": []},
        },
        "robustness": {"none": {}, "turned": {"rotation": [0, 360], "jitter": [-1, 1]}},
        "variety": {
            "method": "fourier",
            "regularization": "turned",
            "module": "conv5",
            "copies": 2,
            "weight": 0.1,
            "points": 3,
        },
    },
}
WHERE = ("cpu", "noise", "cnn")
CONTRACT = {"objective", "method", "evaluations", "rank", "value", "latent", "study", "classifier", "seed"}


def noise(size: int = 16, channels: int = 3) -> Images:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (30, channels, size, size), dtype=np.uint8)
    return Images(np.arange(30), pixels, np.arange(30) % 3, ("a", "b", "c"), {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Holds data.parquet, cnn.safetensors, other.safetensors and autoencoder.safetensors."""
    monkeypatch.chdir(tmp_path)
    images = noise()
    write_data(tmp_path / "data.parquet", {"train": images, "test": images})
    for seed, name in enumerate(("cnn", "other")):
        save_classifier(new_classifier(BLOCK, images, seed, CPU), tmp_path / f"{name}.safetensors")
    write_autoencoder(tmp_path / "autoencoder.safetensors", 16)
    with seeded(CPU, 0, "generator"):
        save_network(Generator(3, 16, 5, (8, 4)).eval(), tmp_path / "dcgan.safetensors")
    return tmp_path


def write_autoencoder(path: Path, size: int) -> None:
    config = AutoencoderTraining(
        latent_dimension=2, encoder_widths=(4, 4), decoder_widths=(4, 4), dense_width=8, dense_layers=1
    )
    network = new_autoencoder(config, (3, size, size), 0, CPU)
    network.low.copy_(torch.tensor([-3.0, 1.0]))
    network.high.copy_(torch.tensor([3.0, 4.0]))
    save_network(network, path)


def search(folder: Path, name: str, autoencoder: str = "autoencoder", judge: str = "other") -> Path:
    out = folder / name
    search_latents.run(
        PARAMS,
        *WHERE,
        data=folder / "data.parquet",
        model=folder / "cnn.safetensors",
        autoencoder=folder / f"{autoencoder}.safetensors",
        judges=[folder / "cnn.safetensors", folder / f"{judge}.safetensors"],
        latents=out / "latents.parquet",
        curves=out / "curves.parquet",
        paths=out / "paths.parquet",
        metrics=out / "latents.json",
    )
    return out


def run_all(folder: Path, name: str) -> Path:
    out = search(folder, name)
    diagnose_ascent.run(
        PARAMS,
        *WHERE,
        data=folder / "data.parquet",
        model=folder / "cnn.safetensors",
        autoencoder=folder / "autoencoder.safetensors",
        latents=out / "latents.parquet",
        variants=out / "variants.parquet",
        gradients=out / "gradients.parquet",
        metrics=out / "diagnosis.json",
    )
    return out


def test_equal_seeds_give_equal_bytes_and_the_tables_of_the_contract(folder: Path) -> None:
    first, second = run_all(folder, "first"), run_all(folder, "second")
    tables = ("latents", "curves", "paths", "variants", "gradients")
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(["latents.json", "diagnosis.json", *(f"{table}.parquet" for table in tables)])
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    rows = pq.read_table(first / "latents.parquet")
    assert set(rows.column_names) >= CONTRACT | {"image", "predicted", "predicted_by_other"}
    found = {(row["objective"], row["method"]) for row in rows.to_pylist()}
    objectives = ("class:0", "class:1", "class:2", "conv3:0", "conv3:1")
    assert found == {(objective, method) for objective in objectives for method in ("samples", "ascent")}
    metrics = json.loads((first / "latents.json").read_text())
    assert metrics["classes"] == 3 and metrics["channels"] == 2
    assert metrics["evaluations"] == {"samples": 150, "ascent": 20 + 3 * 2 + 1 * 4}
    assert list((folder / ".checkpoints").glob("*")) == []
    figures = {name: first / f"{name}.png" for name in ("ascent", "classes", "channels", "cost", "mends", "layers")}
    inputs = {name: first / f"{name}.parquet" for name in tables}
    plot_latents.run(*WHERE[1:], data=folder / "data.parquet", **inputs, **figures)
    assert all(path.stat().st_size > 10_000 for path in figures.values())


def test_latents_are_codes_in_the_box_that_give_their_values_again(folder: Path) -> None:
    rows = pq.read_table(search(folder, "first") / "latents.parquet").to_pylist()
    network, decoder = (
        load_classifier(folder / "cnn.safetensors", CPU),
        load_autoencoder(folder / "autoencoder.safetensors", CPU),
    )
    for row in rows:
        code = torch.tensor([row["latent"]])
        assert (code >= decoder.low - 1e-6).all() and (code <= decoder.high + 1e-6).all()
        if row["class_name"]:
            value = network(decoder.decode(code))[0, network.class_names.index(row["class_name"])].item()
            assert value == pytest.approx(row["value"], abs=1e-4)


def test_interrupted_and_resumed_it_writes_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = search(folder, "whole")
    climb = climbing.climb

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(climbing, "climb", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(folder, "resumed")
    assert len(list((folder / ".checkpoints").glob("*"))) == 1  # of the finished search
    monkeypatch.setattr(climbing, "climb", climb)
    resumed = search(folder, "resumed")
    assert all((whole / path.name).read_bytes() == path.read_bytes() for path in resumed.iterdir())


def test_networks_that_do_not_fit_are_named(folder: Path) -> None:
    write_autoencoder(folder / "larger.safetensors", 32)
    with pytest.raises(
        UserError, match=r"larger\.safetensors: makes images of 3 channels and 32 px, and .*takes 3 and 16"
    ):
        search(folder, "larger", autoencoder="larger")
    others = replace(noise(), class_names=("a", "b", "d"))
    save_classifier(new_classifier(BLOCK, others, 2, CPU), folder / "strange.safetensors")
    with pytest.raises(UserError, match=r"strange\.safetensors: has other classes than .*cnn\.safetensors"):
        search(folder, "strange", judge="strange")


def test_any_generative_network_is_a_parameterization_of_a_call(folder: Path) -> None:
    classifier = load_classifier(folder / "cnn.safetensors", CPU)
    settings = {"robustness": Robustness(), "steps": 40}
    for name in ("autoencoder", "dcgan"):
        latents = Latents(load_network(folder / f"{name}.safetensors", CPU))
        made = visualize(classifier, "class:1", parameterization=latents, **settings)
        assert made.images.shape == (1, 3, 16, 16) and not made.dead.any()
    latents = Latents(load_network(folder / "autoencoder.safetensors", CPU))
    start, end = (
        visualize(classifier, "class:1", parameterization=latents, **settings | {"steps": n}) for n in (1, 40)
    )
    assert end.values[0] > start.values[0]


def test_a_generator_has_no_codes_to_search_from(folder: Path) -> None:
    with pytest.raises(UserError, match=r"dcgan\.safetensors: holds a generator without an encoder"):
        search(folder, "none", autoencoder="dcgan")


def gallery(folder: Path, out: Path) -> Path:
    visualize_features.run(
        PARAMS,
        *WHERE,
        data=folder / "data.parquet",
        model=folder / "cnn.safetensors",
        latents=out / "latents.parquet",
        decoders=[folder / "autoencoder.safetensors", folder / "dcgan.safetensors"],
        judges=[folder / "cnn.safetensors", folder / "other.safetensors"],
        objectives=out / "objectives.parquet",
        transfer=out / "transfer.parquet",
        metrics=out / "metrics.json",
    )
    return out


def test_the_gallery_has_the_columns_of_the_contract_and_the_decoders_images(folder: Path) -> None:
    first = gallery(folder, search(folder, "first"))
    second = gallery(folder, search(folder, "second"))
    names = ("objectives.parquet", "transfer.parquet", "metrics.json")
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)
    table = pq.read_table(first / "objectives.parquet")
    contract = {"objective", "parameterization", "regularization", "seed", "value", "image", "dead", "study"}
    assert set(table.column_names) >= contract
    assert table.schema.field("value").type == "double" and table.schema.field("dead").type == "bool"
    best = [row for row in pq.read_table(first / "latents.parquet").to_pylist() if row["method"] == "ascent"]
    values = {row["objective"]: row["value"] for row in best if row["rank"] == 1}
    decoded = [row for row in table.to_pylist() if row["parameterization"] == "autoencoder"]
    assert {row["objective"] for row in decoded} == values.keys()
    for row in decoded:  # 8 bits round a little
        assert row["value"] == pytest.approx(values[row["objective"]], abs=0.02)
    methods = ("dataset", "pixels", "autoencoder", "dcgan")
    judged = {(row["parameterization"], row["judge"]) for row in pq.read_table(first / "transfer.parquet").to_pylist()}
    assert judged == {(name, judge) for name in methods for judge in ("cnn", "other")}
    assert list((folder / ".checkpoints").glob("*")) == []
    figures = ("channels", "classes", "values", "variety", "judges")
    paths = {name: first / f"feature_{name}.png" for name in figures}
    inputs = {name: first / f"{name}.parquet" for name in ("objectives", "transfer")}
    plot_features.run(*WHERE[1:], **inputs, **paths)
    assert all(path.stat().st_size > 10_000 for path in paths.values())
