"""Malformed parameters through the real command line: one line, exit code 1, nothing half-written."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.malformed.toy_project import edit, refused

PARAMETERS: list[tuple[str, Any, str]] = [
    ("seed", "zero", "seed: 'zero' is not allowed"),
    ("studies", ["toys"], "studies[0]: 'toys' is no study"),
    ("device", "cuda:99", "device: 'cuda:99' is not on this machine"),
    ("toy.data.source", "magic", "toy.data.source: 'magic'"),
    ("toy.data.train", 0, "toy.data.train: 0 is not allowed; it must be an integer >= 1"),
    ("toy.classifiers.small.widths", [4], "toy.classifiers.small.widths"),
    ("toy.classifiers.small.training.epochs", 1.5, "epochs: 1.5 is not allowed"),
    ("toy.classifiers.small.training.momentum", 1.5, "training.momentum: is no known key"),
    ("toy.filter_gan.layers.small.conv4", {"module": "conv9"}, "conv9"),
    ("toy.filter_gan.layers.small.conv4", {"iterations": -1}, "iterations: -1 is not allowed"),
    ("toy.filter_gan.layers", {"small": {}}, "toy.filter_gan.layers.small.conv4: is not defined"),
    ("magnitudes.brightness", [0.5], "magnitudes.brightness: must contain 0"),
]


@pytest.mark.parametrize(("key", "value", "words"), PARAMETERS)
def test_parameters(toy: Path, capsys: pytest.CaptureFixture[str], key: str, value: Any, words: str) -> None:
    edit(key, value)
    assert words in refused("train_filter_gan", capsys)


def test_parameters_in_a_process_of_their_own(toy: Path) -> None:
    Path("params.yaml").write_text("seed: [0\n", encoding="utf-8")
    command = [sys.executable, "-m", "invariscope", "prepare_data", "toy", "--data", "new.parquet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "params.yaml: line" in done.stderr
    assert not Path("new.parquet").exists()
