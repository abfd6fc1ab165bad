"""The private corners of Snakemake and DVC that the ledger rests on: what is written there is what they understand."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from invariscope.errors import UserError
from invariscope.provenance import guard, snakemake_ledger
from invariscope.provenance.snakemake_ledger import SnakemakeLedger

SNAKEFILE = """\
rule copy:
    input: "a.txt"
    output: "b.txt"
    params: values="{\\"n\\":1}"
    shell: "cp {input} {output}"
"""
MD5_OF_A = "0cc175b9c0f1b6a831c399e269772661"  # of the letter a


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished workflow of one job, whose record somebody lost."""
    monkeypatch.chdir(tmp_path)
    Path("Snakefile").write_text(SNAKEFILE)
    Path("a.txt").write_text("a")
    Path("b.txt").write_text("a")
    date("a.txt", 2000)  # newer: without a record Snakemake would copy it again
    date("b.txt", 1000)
    return tmp_path


def date(path: str, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


def plan() -> str:
    command = [sys.executable, "-m", "snakemake", "-n", "b.txt"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return run.stdout + run.stderr


def describe(**changes: object) -> None:
    known = {
        "rule": "copy",
        "command": "cp {input} {output}",
        "params": ['{"n":1}'],
        "deps": {"a.txt": MD5_OF_A},
    }
    SnakemakeLedger().describe("b.txt", **(known | changes))  # type: ignore[arg-type]


def test_record_is_understood(folder: Path) -> None:
    assert "Updated input files" in plan()
    describe()
    assert "Nothing to be done" in plan()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"command": "cp -a {input} {output}"}, "Code has changed"),
        ({"params": ['{"n":2}']}, "Params have changed"),
        ({"deps": {"a.txt": "0" * 32}}, "Updated input files"),
        ({"deps": {"other.txt": MD5_OF_A}}, "Set of input files has changed"),
    ],
)
def test_record_that_differs_is_noticed(folder: Path, change: dict[str, object], reason: str) -> None:
    date("a.txt", 2000 if "Updated" in reason else 500)
    describe(**change)
    assert reason in plan()


def test_distrust_and_vouching(folder: Path) -> None:
    describe()
    ledger = SnakemakeLedger()
    assert ledger.vouches_for("b.txt")
    Path("b.txt").write_text("b")
    assert not SnakemakeLedger().vouches_for("b.txt")
    describe()
    ledger.distrust(["b.txt"])
    assert "Set of input files has changed" in plan()


def test_other_version_of_snakemake_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake_ledger, "TESTED_RECORD_FORMAT", 5)
    with pytest.raises(UserError, match=r"Snakemake 9\..* keeps its records in a way that is not known here"):
        snakemake_ledger.supported()


def test_dvc_reads_our_announcement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.fs import localfs
    from dvc.lock import LockError
    from dvc.rwlock import rwlock

    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dvc").mkdir()
    output = str(tmp_path / "results" / "model")

    def as_dvc(pid: int) -> None:
        monkeypatch.setattr("os.getpid", lambda: pid)
        with rwlock(".dvc/tmp", localfs, "dvc repro", [], [output], False):
            assert guard.dvc_owner() is None  # our own entry

    own = os.getpid()
    with guard.announced_to_dvc(), pytest.raises(LockError, match="snakemake"):
        as_dvc(own + 1)
    as_dvc(own)
    assert json.loads(Path(".dvc/tmp/rwlock").read_text()).get("write", {}) == {}


def test_running_dvc_is_seen_and_a_dead_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / ".dvc" / "tmp"
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as alive:
        entry = {"pid": alive.pid, "cmd": "/somewhere/bin/dvc repro"}
        (folder / "rwlock").write_text(json.dumps({"write": {"/x": entry}, "read": {}}))
        assert guard.dvc_owner() == f"`dvc repro` (process {alive.pid})"
        alive.kill()
    assert guard.dvc_owner() is None


def test_one_snakemake_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with guard.alone():
        with pytest.raises(UserError, match=rf"snakemake \(process {os.getpid()}\) is running"), guard.alone():
            pass
        assert guard.owner() == f"snakemake (process {os.getpid()})"
    assert guard.owner() is None


def test_lock_of_a_dead_snakemake_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    guard.SNAKEMAKE_LOCKS.mkdir(parents=True)
    (guard.SNAKEMAKE_LOCKS / "0.input.lock").write_text("a\n")
    with guard.alone():
        assert not any(guard.SNAKEMAKE_LOCKS.glob("*"))
    assert capsys.readouterr().err.count("\n") == 1
