"""A workflow whose disk is full, read-only, damaged or whose clock is wrong: a clear line, nothing broken."""

import os
import shutil
import time
from pathlib import Path

import pytest

from tests.disks import read_only, small_disk
from tests.workflow.project import Project
from tests.workflow.test_interruptions import EPOCHS, TRAINING

pytestmark = pytest.mark.faults

MODEL = "results/handwriting/cnn5/training/model.safetensors"


def one_line(text: str, words: str) -> None:
    assert sum(words in line for line in text.splitlines()) == 1, text
    assert "Traceback" not in text, text


def test_no_room_for_results(small: Project) -> None:
    before = (small.path / MODEL).read_bytes()
    small.change(EPOCHS, 2)
    kept = small.path / "kept"
    shutil.move(small.path / "results", kept)
    with small_disk(small.path / "results", 8):
        failed = small.snakemake(fails=True)
    assert "No space left on device; free some space and run again" in failed.text
    assert "Traceback" not in failed.text
    (small.path / "results").rmdir()
    shutil.move(kept, small.path / "results")
    assert TRAINING in small.snakemake().jobs
    assert (small.path / MODEL).read_bytes() != before
    assert small.corrupt_objects() == []
    small.assert_nothing_to_do()


def test_no_room_in_the_cache(small: Project) -> None:
    small.change(EPOCHS, 2)
    with small_disk(small.path / ".dvc/cache", 8):
        failed = small.snakemake(fails=True)
        assert TRAINING in failed.jobs
    one_line(failed.text, "No space left on device")
    mended = small.snakemake()
    assert mended.jobs == set() and "Recorded in dvc.lock" in mended.text  # what was computed is not lost
    assert small.corrupt_objects() == []
    small.assert_nothing_to_do()


def test_results_that_are_read_only(small: Project) -> None:
    small.change(EPOCHS, 2)
    before = (small.path / MODEL).read_bytes()
    with read_only(small.path / "results"):
        failed = small.snakemake(fails=True)
    one_line(failed.text, "Write-protected output files")
    assert failed.jobs == set()
    assert (small.path / MODEL).read_bytes() == before
    assert TRAINING in small.snakemake().jobs
    small.assert_nothing_to_do()


def test_a_cache_that_cannot_be_read(small: Project) -> None:
    """Its folder of contents is a file: nothing can be fetched, so all is computed anew; nothing can be recorded."""
    small.change(EPOCHS, 2)
    cache = small.path / ".dvc/cache/files/md5"
    shutil.move(cache, small.path / "md5")
    cache.write_text("not a folder")
    failed = small.snakemake(fails=True)
    assert TRAINING in failed.jobs
    one_line(failed.text, ".dvc/cache/files/md5")
    cache.unlink()
    shutil.move(small.path / "md5", cache)
    assert small.snakemake().jobs == set()
    small.assert_nothing_to_do()


def set_clock(project: Project, days: float) -> None:
    """Give every file the time that it would have if it had been written now, by a clock that is wrong by some days."""
    moment = time.time() + 86400 * days
    for folder in ("data", "results", "src", "workflow"):
        for path in (project.path / folder).rglob("*"):
            os.utime(path, (moment, moment))


@pytest.mark.parametrize("days", [-9000, 2])
def test_a_clock_that_is_wrong(small: Project, days: int) -> None:
    set_clock(small, days)
    small.assert_nothing_to_do()
    small.change(EPOCHS, 2)
    if days > 0:  # results would be older than what they are made of
        failed = small.snakemake(fails=True)
        assert "could indicate a clock skew problem" in failed.text and "Traceback" not in failed.text
        set_clock(small, 0)
    changed = small.snakemake()
    assert TRAINING in changed.jobs and "prepare_data/handwriting" not in changed.jobs
    small.assert_nothing_to_do()


def test_a_damaged_object_of_the_cache_is_never_taken_for_a_result(small: Project) -> None:
    model = small.path / MODEL
    before = model.read_bytes()
    (stored,) = [path for path in objects(small) if path.read_bytes() == before]
    stored.chmod(0o644)
    stored.write_bytes(before[: len(before) // 2])
    stored.chmod(0o444)
    model.unlink()
    small.snakemake()
    assert model.read_bytes() == before
    small.assert_nothing_to_do()


def objects(project: Project) -> list[Path]:
    return [path for path in (project.path / ".dvc/cache/files/md5").glob("??/*") if path.is_file()]
