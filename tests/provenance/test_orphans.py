"""A job ends when its engine has died."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from invariscope.processes import alive
from invariscope.provenance.orphans import ENGINE, engine_process

JOB = """
import signal, sys, time
from pathlib import Path
from invariscope.termination import TERMINATION
from invariscope.provenance.orphans import end_with_engine
signal.signal(signal.SIGTERM, TERMINATION.handle)
end_with_engine()
Path(sys.argv[1]).write_text("started")
try:
    time.sleep(60)
finally:
    Path(sys.argv[1]).write_text("cleaned up")
"""


def test_job_ends_with_its_engine(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with subprocess.Popen(["sleep", "60"]) as engine:
        environment = {key: value for key, value in os.environ.items() if key != "DVC_STAGE"}
        environment |= {ENGINE: str(engine.pid)}
        with subprocess.Popen(
            [sys.executable, "-c", JOB, str(mark)], env=environment, stderr=subprocess.DEVNULL
        ) as job:
            while not mark.exists():
                time.sleep(0.02)
            engine.send_signal(signal.SIGKILL)
            engine.wait()
            assert job.wait(timeout=20) != 0
    assert mark.read_text() == "cleaned up"


def test_without_an_engine_nothing_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    monkeypatch.delenv(ENGINE, raising=False)
    assert engine_process() is None


def test_engine_behind_dvc_s_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    assert engine_process() == os.getppid()  # no shell of ours in between


def test_alive() -> None:
    assert alive(os.getpid())
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert not alive(process.pid)
