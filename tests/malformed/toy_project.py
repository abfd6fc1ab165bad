"""A project at toy sizes, damage that can be done to it, and what a refused step must look like."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from invariscope.__main__ import main
from invariscope.params import load_yaml

DATA = "data/toy.parquet"
MODEL = "results/toy/small/training/model.safetensors"
GENERATOR = "results/toy/small/filter_gan/conv4/generator.safetensors"
RESPONSES = "results/toy/small/screening/responses.parquet"
# What each step takes from the project; what it writes gets names of its own, to see that nothing is written.
INPUTS = {
    "prepare_data": (("toy",), {}),
    "train_classifier": (("toy", "small"), {"data": DATA}),
    "train_filter_gan": (("toy", "small", "conv4"), {"data": DATA, "model": MODEL}),
    "measure_filters": (("toy", "small", "conv4"), {"model": MODEL, "generator": GENERATOR}),
    "average_banks": (("toy", "small", "conv4"), {"data": DATA, "model": MODEL, "generator": GENERATOR}),
    "screen_transforms": (("toy", "small"), {"data": DATA, "model": MODEL}),
    "find_thresholds": (("toy", "small"), {"responses": RESPONSES}),
}
OUTPUTS = {
    "prepare_data": ("data",),
    "train_classifier": ("model", "history", "class-accuracy", "confusion", "metrics"),
    "train_filter_gan": ("generator", "history"),
    "measure_filters": ("mds", "filters", "metrics"),
    "average_banks": ("accuracy", "metrics"),
    "screen_transforms": ("responses", "curves", "top-classes", "examples"),
    "find_thresholds": ("thresholds", "metrics"),
}
SUFFIXES = {"model": "safetensors", "generator": "safetensors", "metrics": "json"}


def toy_params(root: Path) -> dict[str, Any]:
    """One study, as small as it can be."""
    params = load_yaml(root / "params.yaml")
    toy = params["digits"]
    toy["data"] |= {"train": 200, "test": 60}
    classifier = toy["classifiers"]["cnn5"] | {"widths": [4, 4, 4, 6, 6]}
    classifier["training"] = classifier["training"] | {"epochs": 1}
    toy["classifiers"] = {"small": classifier}
    gan = toy["filter_gan"]
    gan["training"] |= {
        "iterations": 2,
        "batch_size": 4,
        "generator_width": 8,
        "discriminator_width": 4,
        "log_every": 1,
    }
    del gan["augmentation"]
    gan["averaging"] |= {"banks": 2, "seeds": 1, "images": 40}
    gan |= {"layers": {"small": {"conv4": {}}}, "mds": {"samples": 2, "filters": 2}}
    toy["screening"] |= {"classifiers": ["small"], "images": 20, "batch_size": 20}
    for analysis in ("transformer", "generative", "unpooling", "features"):
        del toy[analysis]
    del toy["screening"]["sensitivity"]
    toy["screening"]["magnitudes"] = {family: [] for family in params["magnitudes"] if family != "brightness"}
    top = ("seed", "data_root", "magnitudes")
    return {"studies": ["toy"], "device": "cpu", **{name: params[name] for name in top}, "toy": toy}


def arguments(step: str, files: dict[str, str], outputs: dict[str, str]) -> list[str]:
    options = [text for name, path in {**files, **outputs}.items() for text in (f"--{name}", path)]
    return [step, *INPUTS[step][0], *options, "--log", "logs/step.log"]


def edit(key: str, value: Any) -> None:
    params = load_yaml(Path("params.yaml"))
    node = params
    *path, last = key.split(".")
    for part in path:
        node = node[part]
    node[last] = value
    YAML().dump(params, Path("params.yaml"))


def refused(step: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a step, which must fail with one line and leave nothing new. Returns the line."""
    outputs = {name: f"new/{name}.{SUFFIXES.get(name, 'parquet')}" for name in OUTPUTS[step]}
    before = {path for path in Path().rglob("*") if path.is_file()}
    capsys.readouterr()
    code = main(arguments(step, INPUTS[step][1], outputs))
    printed = capsys.readouterr()
    *progress, line = printed.err.splitlines()
    assert code == 1, printed
    assert "Traceback" not in printed.err, printed
    assert line.startswith(f"invariscope {step}: error: ")
    assert not any("error" in earlier for earlier in progress), printed
    after = {path for path in Path().rglob("*") if path.is_file()} - {Path("logs/step.log")}
    assert after - before == set(), "left behind"
    return line


def cut(path: str) -> None:
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])


def flip(path: str) -> None:
    content = bytearray(Path(path).read_bytes())
    content[len(content) // 3] ^= 0xFF
    Path(path).write_bytes(content)


def folder_instead(path: str) -> None:
    Path(path).unlink()
    Path(path).mkdir()


def text_instead(path: str) -> None:
    Path(path).write_text("not a table\n", encoding="utf-8")
