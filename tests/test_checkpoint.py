"""Checkpoints come back for the same parameters and inputs only, and damaged ones are ignored."""

import ast
from pathlib import Path
from typing import Any

import pytest
import torch

from invariscope.checkpoint import Checkpoint
from tests.conftest import ROOT


def test_a_state_comes_back(tmp_path: Path) -> None:
    checkpoint = Checkpoint((), {"seed": 0}, [], folder=tmp_path)
    assert checkpoint.load() is None
    checkpoint.save({"weights": torch.arange(3), "step": 4, "history": [{"loss": 0.1, "split": "train"}]})
    again = Checkpoint((), {"seed": 0}, [], folder=tmp_path).load()
    assert again is not None
    assert again["step"] == 4 and again["history"] == [{"loss": 0.1, "split": "train"}]
    assert torch.equal(again["weights"], torch.arange(3))
    checkpoint.remove()
    checkpoint.remove()  # twice is no mistake
    assert list(tmp_path.iterdir()) == []


def test_other_parameters_or_inputs_find_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_text("one")
    folder = tmp_path / "checkpoints"
    Checkpoint(("train", "a"), {"seed": 0}, [data], folder=folder).save({"step": 1})
    assert Checkpoint(("train", "a"), {"seed": 1}, [data], folder=folder).load() is None
    assert Checkpoint(("train", "a"), {"seed": 0}, [], folder=folder).load() is None
    assert Checkpoint(("train", "a"), {"seed": 0}, [data], folder=folder).load() == {"step": 1}
    assert Checkpoint(("train", "b"), {"seed": 0}, [data], folder=folder).load() is None
    data.write_text("two")
    assert Checkpoint(("train", "a"), {"seed": 0}, [data], folder=folder).load() is None


@pytest.mark.parametrize("kept", [0, 10, -10])
def test_a_damaged_file_is_ignored_and_said(tmp_path: Path, kept: int, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = Checkpoint((), {}, [], folder=tmp_path)
    checkpoint.save({"step": torch.arange(1000)})
    checkpoint.path.write_bytes(checkpoint.path.read_bytes()[:kept])
    assert checkpoint.load() is None
    assert "starts anew" in capsys.readouterr().err


class Evil:
    """Unpickled, it would touch a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_in_its_place_is_not_executed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = Checkpoint((), {}, [], folder=tmp_path)
    torch.save({"network": Evil(tmp_path / "executed")}, checkpoint.path)
    assert checkpoint.load() is None
    assert "starts anew" in capsys.readouterr().err
    assert not (tmp_path / "executed").exists()


def test_it_is_due_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    checkpoint = Checkpoint((), {}, [], seconds=60, folder=tmp_path)
    now[0] = 59
    assert not checkpoint.due()
    now[0] = 60
    assert checkpoint.due()
    checkpoint.save({})
    assert not checkpoint.due()


STEPS = {
    path.stem: tree
    for path in sorted((ROOT / "src/invariscope/steps").glob("*.py"))
    if "Checkpoint(" in ast.unparse(tree := ast.parse(path.read_text()))
}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_names_its_checkpoints_by_all_that_it_is_asked_for(step: str) -> None:
    """A job that trains beside it with equal parameters, of another layer, say, is another training."""
    (run,) = (node for node in STEPS[step].body if isinstance(node, ast.FunctionDef) and node.name == "run")
    asked = {argument.arg for argument in run.args.args} - {"params", "device"}
    tuples = [node for node in ast.walk(run) if isinstance(node, ast.Tuple)]
    jobs = [node for node in tuples if isinstance(node.elts[0], ast.Constant) and node.elts[0].value == step]
    assert jobs and asked
    assert all(asked <= {name.id for name in job.elts if isinstance(name, ast.Name)} for job in jobs)
