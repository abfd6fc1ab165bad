"""No job outlives its engine: a killed Snakemake or DVC leaves no process that writes behind the next one's back."""

import os
import signal
import threading
import time
from pathlib import Path

from invariscope.processes import alive

ENGINE = "INVARISCOPE_ENGINE"  # the process that runs the jobs, set by the Snakefile; DVC sets DVC_STAGE
PERIOD = 0.5  # s
PATIENCE = 10.0  # s that a terminated job has to clean up


def end_with_engine() -> None:
    """Watch the engine of this process, if there is one: when it has died, this process is terminated."""
    engine = engine_process()
    if engine is not None:
        threading.Thread(target=_watch, args=(engine,), name="watch-engine", daemon=True).start()


def engine_process() -> int | None:
    """The process id of the Snakemake or DVC that started this process; None if neither did."""
    if "DVC_STAGE" in os.environ:
        return _first_ancestor_without("-m invariscope ")
    text = os.environ.get(ENGINE, "")
    return int(text) if text.isdigit() else None


def _first_ancestor_without(words: str) -> int | None:
    """The process behind the shell that carries our command line; None where /proc does not say."""
    process = os.getppid()
    try:
        while process > 1 and words in Path(f"/proc/{process}/cmdline").read_text(errors="replace").replace("\0", " "):
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return process if process > 1 else None


def _watch(engine: int) -> None:
    while alive(engine):
        time.sleep(PERIOD)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(130)
