"""The fast path: what a snapshot notices, and what it does not mind."""

import os
from pathlib import Path

import pytest

from invariscope.provenance.snapshot import DVC_LOCK, PATH, Snapshot


@pytest.fixture
def taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Snapshot:
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "Snakefile", "dvc.lock", "results/a", "src/b.py"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    Snapshot.take(["results/a", "results/missing"]).save()
    snapshot = Snapshot.load()
    assert snapshot is not None
    return snapshot


def test_holds_while_nothing_is_touched(taken: Snapshot) -> None:
    assert taken.holds()
    assert taken.suspects() == []
    Path("params.yaml").touch()  # the same text
    assert taken.holds()


@pytest.mark.parametrize("name", ["params.yaml", "Snakefile", "src/b.py", "src/new.py"])
def test_text_that_shapes_the_pipeline(taken: Snapshot, name: str) -> None:
    Path(name).write_text("other")
    assert not taken.holds()
    assert not taken.pipeline_holds()


def test_lock_does_not_shape_the_pipeline(taken: Snapshot) -> None:
    DVC_LOCK.write_text("other")
    assert not taken.holds()
    assert taken.pipeline_holds()


def test_output_deleted_appeared_or_rewritten(taken: Snapshot) -> None:
    Path("results/missing").write_text("x")
    assert not taken.holds()
    Path("results/missing").unlink()
    assert taken.holds()
    Path("results/a").unlink()
    assert not taken.holds()
    assert taken.suspects() == []


def test_disguised_write_is_suspect(taken: Snapshot) -> None:
    path = Path("results/a")
    status = path.stat()
    while path.stat().st_ctime_ns == status.st_ctime_ns:  # the clock of the file system has ticks
        path.write_text("RESULTS/A"[: status.st_size])
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not taken.holds()
    assert taken.suspects() == ["results/a"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 0}'])
def test_damaged_snapshot_is_none(taken: Snapshot, content: str) -> None:
    PATH.write_text(content)
    assert Snapshot.load() is None
