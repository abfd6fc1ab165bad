"""Every step of the workflow, given what it cannot read: one line that names it, and nothing executed or written."""

import pickle
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from ruamel.yaml import YAML

from invariscope.__main__ import main
from invariscope.validation import keep_params, load_params
from tests.conftest import ROOT

ARTIFACTS = ("data/", "results/")


class Evil:
    """Unpickled, it would touch a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("executed"),)


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "missing": lambda path: path.unlink(missing_ok=True),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("neither a table nor tensors\n"),
    "pickle": lambda path: path.write_bytes(pickle.dumps(Evil())),
    "torch's pickle": lambda path: torch.save({"network": Evil()}, path),
    "folder": lambda path: path.mkdir(),
}


def stages() -> dict[str, tuple[list[str], list[Path]]]:
    """A call of each step as dvc.yaml has it: its arguments, and the artifacts among its inputs."""
    found: dict[str, tuple[list[str], list[Path]]] = {}
    for stage in YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"].values():
        arguments = shlex.split(stage["cmd"])[4:]  # after PYTHONPATH=src python -m invariscope
        inputs = [Path(path) for path in stage["deps"] if path.startswith(ARTIFACTS)]
        found.setdefault(arguments[0].replace("-", "_"), (arguments, inputs))
    return found


STAGES = stages()
PARAMETERS_ALONE = ["prepare_data", "train_twins"]  # read no artifact


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project without artifacts, whose parameters were found good."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "params.yaml", folder)
    shutil.copytree(ROOT / "workflow" / "schemas", folder / "workflow" / "schemas")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        keep_params(load_params())
    return folder


@pytest.fixture
def empty(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    yield
    for name in ("data", "results", "logs"):
        shutil.rmtree(name, ignore_errors=True)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line with which a step fails, writing nothing but its log and executing nothing."""
    before = set(Path().rglob("*"))
    capsys.readouterr()
    code = main(arguments)
    errors = capsys.readouterr().err
    assert code == 1 and errors.count("\n") == 1, errors
    assert errors.startswith(f"invariscope {arguments[0].replace('-', '_')}: error: ")
    assert "mistake of the program" not in errors and not Path("executed").exists()
    made = {path for path in set(Path().rglob("*")) - before if path.is_file()}
    assert {path.parts[0] for path in made} <= {"logs"}, made
    return errors


def test_the_steps_are_all_there() -> None:
    steps = {path.stem for path in (ROOT / "src" / "invariscope" / "steps").glob("[a-z]*.py")}
    assert set(STAGES) == steps
    assert [step for step, (_, inputs) in STAGES.items() if not inputs] == ["dvc_yaml", *PARAMETERS_ALONE]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("step", [step for step, (_, inputs) in STAGES.items() if inputs])
def test_inputs_that_cannot_be_read(empty: None, capsys: pytest.CaptureFixture[str], step: str, damage: str) -> None:
    arguments, inputs = STAGES[step]
    for path in inputs:
        path.parent.mkdir(parents=True, exist_ok=True)
        DAMAGES[damage](path)
    line = refused(arguments, capsys)
    assert any(str(path) in line for path in inputs), line


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("step", PARAMETERS_ALONE)
def test_parameters_that_cannot_be_read(
    project: Path, capsys: pytest.CaptureFixture[str], step: str, damage: str
) -> None:
    Path("params.yaml").unlink()
    DAMAGES[damage](Path("params.yaml"))
    assert "params.yaml: " in refused(STAGES[step][0], capsys)


@pytest.mark.parametrize("damage", DAMAGES)
def test_parameters_that_the_pipeline_cannot_be_written_from(
    project: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    shutil.copy(ROOT / "Snakefile", project)
    shutil.copytree(ROOT / "workflow" / "rules", "workflow/rules")
    Path("params.yaml").unlink()
    DAMAGES[damage](Path("params.yaml"))
    with pytest.raises(SystemExit) as left:
        main(["dvc-yaml"])
    errors = capsys.readouterr().err
    assert left.value.code == 1 and errors.count("\n") == 1 and errors.startswith("error: params.yaml: ")
    assert not Path("dvc.yaml").exists() and not Path("executed").exists()
