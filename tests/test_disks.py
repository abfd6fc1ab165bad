"""Steps on disks that are full or read-only: one line, no part of a file, and what was there stays as it was."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from invariscope.__main__ import main
from invariscope.checkpoint import Checkpoint
from tests.conftest import ROOT
from tests.disks import read_only, small_disk
from tests.malformed.toy_project import toy_params

OUTPUTS = ("model", "history", "class-accuracy", "confusion", "metrics")


@pytest.fixture
def toy(project: Path) -> Path:
    YAML().dump(toy_params(ROOT), project / "params.yaml")
    return project


def train(folder: str) -> int:
    files = [text for name in OUTPUTS for text in (f"--{name}", f"{folder}/{name}")]
    return main(["train_classifier", "toy", "small", "--data", "data.parquet", *files])


def files_in(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def test_a_full_disk(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with small_disk(Path("out"), 8):
        assert main(["prepare_data", "toy", "--data", "out/data.parquet"]) == 1
        line = capsys.readouterr().err.splitlines()[-1]
        assert line.endswith("No space left on device; free some space and run again")
        assert files_in("out") == {}
    assert main(["prepare_data", "toy", "--data", "data.parquet"]) == 0
    with small_disk(Path("out"), 8):
        Path("out/model").write_text("old")
        assert train("out") == 1
        assert "No space left on device; free some space and run again" in capsys.readouterr().err
        assert files_in("out") == {"model": b"old"}


def test_a_folder_that_is_read_only(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare_data", "toy", "--data", "data.parquet"]) == 0
    Path("out").mkdir()
    Path("out/model").write_text("old")
    with read_only(Path("out")):
        assert train("out") == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "out/" in line and line.endswith("Read-only file system; make it writable and run again")
    assert files_in("out") == {"model": b"old"}


def test_a_training_does_without_checkpoints_where_they_find_no_room(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = Checkpoint((), {}, [], folder=tmp_path / "full")
    with small_disk(tmp_path / "full", 8):
        checkpoint.save({"weights": bytes(100_000)})
        assert "No space left on device" in capsys.readouterr().err
        assert checkpoint.load() is None and not list((tmp_path / "full").iterdir())
        checkpoint.save({"step": 3})
        assert checkpoint.load() == {"step": 3}
