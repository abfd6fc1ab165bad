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
        write_params(folder, {"studies": ["own"], "device": "cpu", **kept, **yaml(page["params.yaml"])})
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
