"""Atomic writes, also after one was killed in the middle."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from invariscope.files import replacing, write_text

FORK = multiprocessing.get_context("fork")


def write_slowly(path: Path, pipe: Any) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        pipe.send("half")
        pipe.recv()


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "a.b-1.txt"
    write_text(path, "old")
    writers = []
    for _ in range(2):
        ours, theirs = FORK.Pipe()
        writer = FORK.Process(target=write_slowly, args=(path, theirs))
        writer.start()
        assert ours.poll(30) and ours.recv() == "half"
        writers.append((writer, ours))
    dead, alive = writers
    os.kill(dead[0].pid, signal.SIGKILL)
    dead[0].join()
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 3
    write_text(path, "new")
    assert path.read_text() == "new"
    (left,) = set(tmp_path.iterdir()) - {path}  # the file of the writer that lives
    assert f"-{alive[0].pid}." in left.name
    alive[1].send("go on")
    alive[0].join()
    assert path.read_text() == "half" and list(tmp_path.iterdir()) == [path]
