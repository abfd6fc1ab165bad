"""dvc.yaml: equal to the DAG, and what it says of itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from invariscope import plan
from invariscope.errors import UserError
from invariscope.params import PARAMS, load_yaml
from invariscope.provenance import pipeline

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict:
    return load_yaml(ROOT / pipeline.DVC_YAML)


def test_up_to_date() -> None:
    """If this fails: python -m invariscope dvc-yaml."""
    environment = os.environ | {"PYTHONPATH": "src"}
    command = [sys.executable, "-m", "invariscope", "dvc-yaml", "--check"]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_outputs_are_the_targets(document: dict) -> None:
    """A file that no target names could be lost unnoticed; a target that no stage makes would not be DVC's."""
    outs = [out for stage in document["stages"].values() for out in stage.get("outs", [])]
    assert sorted(outs) == sorted(plan.targets(load_yaml(ROOT / PARAMS)))


def test_stage(document: dict) -> None:
    stage = document["stages"]["train_filter_gan-digits-cnn5-conv4"]
    assert stage["cmd"].startswith("PYTHONPATH=src python -m invariscope train_filter_gan digits cnn5 conv4 --data ")
    assert stage["cmd"].endswith(" --log logs/train_filter_gan/digits/cnn5/conv4.log")
    assert "src/invariscope/filter_gan/train.py" in stage["deps"]
    assert "results/digits/cnn5/training/model.safetensors" in stage["deps"]
    assert stage["params"] == ["digits.filter_gan.layers.cnn5.conv4", "digits.filter_gan.training", "seed"]


def test_check_is_first_and_sees_all_that_shapes_the_pipeline(document: dict) -> None:
    assert next(iter(document["stages"])) == pipeline.CHECK
    check = document["stages"][pipeline.CHECK]
    assert "outs" not in check
    assert {"Snakefile", "workflow/rules/common.smk", "src/invariscope/plan.py"} <= set(check["deps"])
    assert set(check["params"]) == {"studies", *load_yaml(ROOT / PARAMS)["studies"]}
    for stage in document["stages"].values():
        assert {path for path in stage["deps"] if path.endswith(".py")} <= set(check["deps"])


def test_metrics_and_plots(document: dict) -> None:
    assert all(path.endswith(".json") for path in document["metrics"])
    assert all(path.endswith(".png") for path in document["plots"])
    assert "results/digits/data/samples.png" in document["plots"]
    assert not any("explorer" in path for path in document["plots"])  # sheets of sprites, no figures


def test_folding() -> None:
    command = "python step a b " + " ".join(f"--option-{number} value/{number}" for number in range(30))
    lines = pipeline.folded(command)
    assert " ".join(lines) == command
    assert all(line.startswith("--") for line in lines[1:])
    assert max(map(len, lines)) <= pipeline.WIDTH
    with pytest.raises(UserError, match="doubled spaces"):
        pipeline.folded("python  step")


def test_difference() -> None:
    old = pipeline.render({"a": stage("one"), "b": stage("two")})
    new = pipeline.render({"b": stage("three"), "c": stage("four"), "d": stage("five")})
    assert pipeline.difference(old, new) == "stages: 2 added, 1 removed, 1 changed"
    assert pipeline.difference("<<<<<<< HEAD\n", new) == "stages: 3 added"
    assert pipeline.difference("# other\n" + new, new) == "layout"


def stage(command: str) -> pipeline.Stage:
    return {"desc": "A: stage.", "cmd": command, "deps": ["x"], "params": [], "outs": ["y"]}


def test_dvc_reads_parameters_as_we_do() -> None:
    """DVC's loader is written in C where it can be; 1e-4 must be a number to both."""
    from dvc.utils.serialize import load_yaml as load_as_dvc

    assert load_as_dvc(str(ROOT / PARAMS)) == load_yaml(ROOT / PARAMS)
