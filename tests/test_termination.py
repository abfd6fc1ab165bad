"""SIGTERM, as a cluster sends it before it kills: a training saves its state and leaves, and goes on from there."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from invariscope import checkpoint as checkpoints
from invariscope.__main__ import main
from invariscope.checkpoint import Checkpoint, resumable
from invariscope.termination import Termination
from tests.conftest import ROOT
from tests.malformed.toy_project import toy_params

OUTPUTS = ("model", "history", "class-accuracy", "confusion", "metrics")
# The command line, but for a line of progress after every step.
TALKATIVE = "from invariscope import progress\nprogress.SECONDS_BETWEEN_LINES = 0.0\n"
PROGRAM = f"{TALKATIVE}from invariscope.__main__ import command\ncommand()"


@pytest.fixture
def termination(monkeypatch: pytest.MonkeyPatch) -> Iterator[Termination]:
    """What SIGTERM does to this process, for a while."""
    own = Termination()
    monkeypatch.setattr(checkpoints, "TERMINATION", own)
    before = signal.signal(signal.SIGTERM, own.handle)
    yield own
    signal.signal(signal.SIGTERM, before)


def test_what_saves_nothing_leaves_at_once(termination: Termination) -> None:
    with pytest.raises(SystemExit) as left:
        for _ in resumable(range(3), None, dict):
            signal.raise_signal(signal.SIGTERM)
    assert left.value.code == 143


@pytest.mark.parametrize("last", [2, 9])
def test_a_training_ends_its_step_saves_and_leaves(termination: Termination, tmp_path: Path, last: int) -> None:
    checkpoint, done = Checkpoint((), {}, [], folder=tmp_path), []
    with pytest.raises(SystemExit) as left:
        for step in resumable(range(10), checkpoint, lambda: {"done": done}):
            if step == last:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGTERM)  # impatience does not cut it short
            done.append(step)
    assert left.value.code == 143
    assert checkpoint.load() == {"done": list(range(last + 1))}


def test_after_a_training_that_failed_it_leaves_at_once_again(termination: Termination, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        for _ in resumable(range(3), Checkpoint((), {}, [], folder=tmp_path), dict):
            raise ZeroDivisionError
    with pytest.raises(SystemExit):
        signal.raise_signal(signal.SIGTERM)


def arguments(folder: str) -> list[str]:
    files = [text for name in OUTPUTS for text in (f"--{name}", f"{folder}/{name}")]
    return ["train_classifier", "toy", "small", "--data", "data.parquet", *files]


def test_a_process_that_trains_saves_leaves_and_goes_on(project: Path) -> None:
    params = toy_params(ROOT)
    params["toy"]["classifiers"]["small"]["training"]["epochs"] = 150
    YAML().dump(params, project / "params.yaml")
    assert main(["prepare_data", "toy", "--data", "data.parquet"]) == 0
    assert main(arguments("whole")) == 0
    command = [sys.executable, "-c", PROGRAM, *arguments("resumed")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any(line.startswith("toy small: 5/150") for line in process.stderr)
        process.terminate()
        began = time.monotonic()
        errors = process.stderr.read()
    assert process.returncode == 143 and time.monotonic() - began < 10
    assert errors.splitlines()[-1] == "terminated: the state is saved, the same command goes on from there"
    assert not Path("resumed").exists()
    (saved,) = Path(".checkpoints").iterdir()
    steps = torch.load(saved, weights_only=True)["iteration"]
    assert 5 <= steps < 150
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0
    assert done.stderr.startswith(f"toy small: {steps + 1}/150")
    assert not list(Path(".checkpoints").iterdir())
    for name in OUTPUTS:
        assert Path("resumed", name).read_bytes() == Path("whole", name).read_bytes(), name
