"""The worked study of docs/own.md: its images, its network and its parameters, run as they stand in the page."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from ruamel.yaml import YAML
from safetensors.torch import load_file

from invariscope import plan
from invariscope.__main__ import main
from invariscope.classifiers.model_file import read_model
from invariscope.params import load_yaml
from invariscope.provenance import sources
from invariscope.validation import load_params
from tests.toy import write_params

BLOCK = re.compile(r"^```(?:python|yaml)\n# ([^\n]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TRAINING = "results/own/{}/training"
SCREENING = "results/own/{}/screening"
DATA = "data/own.parquet"
FAMILIES = ("rotation", "scale_x", "gaussian_noise")  # of which the page speaks; the others would only take time


def yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def blocks_of_the_page(root: Path) -> list[tuple[str, str]]:
    """(what a code block's first line says it is, the rest)."""
    found = BLOCK.findall((root / "docs" / "own.md").read_text(encoding="utf-8"))
    assert len(found) == 6
    return found


@pytest.fixture(scope="module")
def project(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which a user has followed the page, up to the first command."""
    folder = tmp_path_factory.mktemp("own")
    page = dict(blocks_of_the_page(root))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "path", list(sys.path))
        sources._file.cache_clear()  # it knows relative paths
        shutil.copytree(root / "workflow" / "schemas", "workflow/schemas")
        Path("networks").mkdir()
        Path("networks/own.py").write_text(page["networks/own.py"])
        exec(compile(page["make_images.py"], "make_images.py", "exec"), {})
        everything = load_yaml(root / "params.yaml")
        kept = {key: everything[key] for key in ("seed", "data_root", "magnitudes")}
        study = yaml(page["params.yaml"])
        study["own"]["screening"]["magnitudes"] = {name: [] for name in kept["magnitudes"] if name not in FAMILIES}
        write_params(folder, {"studies": ["own"], "device": "cpu", **kept, **study})
        yield folder
        for name in [name for name in sys.modules if name.partition(".")[0] == "networks"]:
            del sys.modules[name]
        sources._file.cache_clear()


def edit(change: dict[str, Any]) -> None:
    """Add classifiers to the study, to be screened as well."""
    params = load_yaml(Path("params.yaml"))
    params["own"]["classifiers"] |= change
    params["own"]["screening"]["classifiers"] = list(params["own"]["classifiers"])
    write_params(Path(), params)


def train(classifier: str) -> None:
    place = TRAINING.format(classifier)
    files = {"--class-accuracy": "class_accuracy.parquet", "--confusion": "confusion.parquet"}
    files |= {"--model": "model.safetensors", "--history": "history.parquet", "--metrics": "metrics.json"}
    outputs = [part for option, name in files.items() for part in (option, f"{place}/{name}")]
    assert main(["train_classifier", "own", classifier, "--data", DATA, *outputs]) == 0


def screen(classifier: str) -> list[dict[str, Any]]:
    """The rows of thresholds.parquet, by accuracy."""
    model, place = f"{TRAINING.format(classifier)}/model.safetensors", SCREENING.format(classifier)
    names = {"--responses": "responses", "--curves": "curves", "--top-classes": "top_classes", "--examples": "examples"}
    outputs = [part for option, name in names.items() for part in (option, f"{place}/{name}.parquet")]
    assert main(["screen_transforms", "own", classifier, "--data", DATA, "--model", model, *outputs]) == 0
    made = ["--thresholds", f"{place}/thresholds.parquet", "--metrics", f"{place}/metrics.json"]
    assert main(["find_thresholds", "own", classifier, "--responses", f"{place}/responses.parquet", *made]) == 0
    rows = pq.read_table(f"{place}/thresholds.parquet").to_pylist()
    return [row for row in rows if row["criterion"] == "accuracy"]


@pytest.fixture(scope="module")
def trained(project: Path) -> Path:
    assert main(["prepare_data", "own", "--data", DATA]) == 0
    train("net")
    return project


def test_a_function_and_training_give_thresholds_as_the_page_says(trained: Path) -> None:
    assert json.loads(Path(TRAINING.format("net"), "metrics.json").read_text())["test_accuracy"] > 0.9
    rows = {(row["class_name"], row["family"], row["direction"]): row for row in screen("net")}
    for direction in ("negative", "positive"):
        assert rows["rings", "rotation", direction]["censored"]
        for stripes in ("horizontal", "vertical"):
            turned = rows[stripes, "rotation", direction]
            assert 15 < abs(turned["threshold"]) < 60 and turned["rebounds"] and not turned["censored"]
    assert rows["rings", "gaussian_noise", "positive"]["censored"]  # what it does not know it takes for rings
    noise = rows["horizontal", "gaussian_noise", "positive"]
    assert 0.1 < noise["ci_low"] <= noise["threshold"] <= noise["ci_high"] < 1


def test_its_state_dict_without_training_answers_the_same(root: Path, trained: Path) -> None:
    model = Path(TRAINING.format("net"), "model.safetensors")
    torch.save(load_file(model), "networks/own.pt")
    description, _ = read_model(model)
    saved = yaml(dict(blocks_of_the_page(root)[3:4])["classifiers of params.yaml"])
    seen = description.normalisation
    saved["saved"]["normalisation"] = {"mean": list(seen.mean), "std": list(seen.std)}
    edit(saved)
    train("saved")
    confusions = [pq.read_table(f"{TRAINING.format(name)}/confusion.parquet") for name in ("net", "saved")]
    assert confusions[0]["n_images"].equals(confusions[1]["n_images"])
    first, second = ([row | {"classifier": ""} for row in screen(name)] for name in ("net", "saved"))
    assert first == second


def test_a_network_with_more_classes_than_folders(trained: Path) -> None:
    """`data.classes` says which of its outputs each folder is; its order is not the folders'."""
    Path("networks/classes.txt").write_text("vertical\nspirals\nrings\nchecks\nhorizontal\n")
    state = load_file(Path(TRAINING.format("net"), "model.safetensors"))
    order = [2, 0, 1, 0, 0]  # outputs of the network that knows three, in the order of the file
    for name in ("readout.weight", "readout.bias"):
        state[name] = state[name][order]
    state["readout.bias"][[1, 3]] = -100.0  # never spirals, never checks
    torch.save(state, "networks/five.pt")
    written = Path("params.yaml").read_text()
    params = load_yaml(Path("params.yaml"))
    params["own"]["data"] |= {"classes": "networks/classes.txt", "test_share": 1}
    block = params["own"]["classifiers"]["net"]
    block |= {"weights": "networks/five.pt", "normalisation": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    del block["training"]
    write_params(Path(), params)
    assert main(["prepare_data", "own", "--data", "five.parquet"]) == 0
    outputs = {"model": "five.safetensors", "history": "h.parquet", "class-accuracy": "a.parquet", "metrics": "m.json"}
    options = [part for option, path in outputs.items() for part in (f"--{option}", path)]
    assert main(["train_classifier", "own", "net", "--data", "five.parquet", "--confusion", "c.parquet", *options]) == 0
    Path("params.yaml").write_text(written)
    rows = pq.read_table("a.parquet").to_pylist()
    counts = {row["class_name"]: row["n_images"] for row in rows}
    assert counts == {"vertical": 100, "spirals": 0, "rings": 100, "checks": 0, "horizontal": 100}
    assert json.loads(Path("m.json").read_text())["test_accuracy"] > 0.9


def test_every_block_of_the_page_is_allowed(root: Path, project: Path) -> None:
    written = Path("params.yaml").read_text()
    for name, text in blocks_of_the_page(root):
        if name == "classifiers of params.yaml":
            edit(yaml(text))
            load_params()
    params = load_yaml(Path("params.yaml"))
    assert {"net", "saved", "densenet"} <= set(params["own"]["classifiers"])
    params["own"]["data"] = yaml(dict(blocks_of_the_page(root))["data of params.yaml"])
    write_params(Path(), params)
    load_params()
    Path("params.yaml").write_text(written)


def test_what_is_tracked_and_what_is_missing(project: Path) -> None:
    params = load_yaml(Path("params.yaml"))
    assert plan.architecture_modules(params, "own", "net") == ["invariscope.classifiers.own_network", "networks.own"]
    assert plan.missing_modules(params) == []
    sources._file.cache_clear()
    for name, missing in (("networks.other", True), ("elsewhere_entirely", True), ("torchvision.models", False)):
        params["own"]["classifiers"]["net"]["architecture"] = f"{name}:build"
        lines = [f"own.classifiers.net.architecture: {name!r}"] if missing else []
        assert plan.missing_modules(params) == lines
        assert plan.architecture_modules(params, "own", "net") == ["invariscope.classifiers.own_network"]
    params["own"]["data"] = {"source": "networks.own:images"}
    assert plan.source_modules(params, "own") == ["invariscope.data.own_images", "networks.own"]
    params["own"]["data"] = {"source": "networks.other:images"}
    assert "own.data.source: 'networks.other'" in plan.missing_modules(params)
