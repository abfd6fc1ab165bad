"""One engine at a time: Snakemake and DVC refuse to run into each other, and into a second of their own kind."""

import contextlib
import fcntl
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from invariscope.errors import UserError
from invariscope.files import write_text
from invariscope.processes import alive
from invariscope.provenance.snapshot import FOLDER

DVC_FOLDER = Path(".dvc/tmp")
LIST = DVC_FOLDER / "rwlock"
SNAKEMAKE_LOCKS = Path(".snakemake/locks")
ARTIFACTS = ("data", "results")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold this folder for one Snakemake run. Raises UserError if another run, of either engine, is under way.

    The lock dies with its process: a lock of Snakemake's that is found while holding it was left by a killed one.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("a+", encoding="utf-8") as file:
        _take(file)
        other = dvc_owner()
        if other is not None:
            raise UserError(f"{other} is running in this folder; wait until it has ended")
        _release_stale_lock()
        _mend_list()
        yield


def _take(file: Any) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"{_snakemake(file)} is running in this folder; wait until it has ended") from None
    except OSError:
        return  # a file system without locks: Snakemake's own remain
    file.seek(0)
    file.truncate()
    file.write(f"{os.getpid()}\n")
    file.flush()


def _release_stale_lock() -> None:
    if any(SNAKEMAKE_LOCKS.glob("*.lock")):
        shutil.rmtree(SNAKEMAKE_LOCKS, ignore_errors=True)
        print("The last snakemake was killed: released its lock, its unfinished jobs run again.", file=sys.stderr)


def _mend_list() -> None:
    """Remove DVC's list of what is being read and written if a process was killed while it wrote it: DVC refuses to
    work until somebody does, and nobody is at work here."""
    with contextlib.suppress(FileNotFoundError):
        try:
            json.loads(LIST.read_text(encoding="utf-8"))
        except ValueError:
            LIST.unlink()


def owner() -> str | None:
    """Who is at work in this folder, in words; None if nobody is."""
    with contextlib.suppress(FileNotFoundError), (FOLDER / "lock").open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return _snakemake(file)
        except OSError:
            pass
    return dvc_owner()


def _snakemake(file: Any) -> str:
    file.seek(0)
    return f"snakemake (process {file.read().strip() or 'unknown'})"


def dvc_owner() -> str | None:
    """The DVC process that is at work here, in words; None if there is none."""
    for entry in _entries().get("write", {}).values():
        if entry["pid"] != os.getpid() and alive(entry["pid"]):
            program, _, arguments = entry["cmd"].partition(" ")
            return f"`{Path(program).name} {arguments}` (process {entry['pid']})"
    with contextlib.suppress(FileNotFoundError), (DVC_FOLDER / "lock").open("r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return f"dvc (process {file.read().strip() or 'unknown'})"
        except OSError:
            return None
    return None


@contextlib.contextmanager
def announced_to_dvc() -> Iterator[None]:
    """Enter the artifacts into DVC's own list of what is being written, so that `dvc repro` refuses to start."""
    if not DVC_FOLDER.parent.is_dir():
        yield
        return
    entry = {"pid": os.getpid(), "cmd": "snakemake"}
    paths = [str(Path(folder).absolute()) for folder in ARTIFACTS]
    _edit(dict.fromkeys(paths, entry), remove=())
    try:
        yield
    finally:
        _edit({}, remove=paths)


def _edit(add: dict[str, Any], remove: tuple[str, ...] | list[str]) -> None:
    DVC_FOLDER.mkdir(parents=True, exist_ok=True)
    with (DVC_FOLDER / "rwlock.lock").open("a+", encoding="utf-8") as guard:
        with contextlib.suppress(OSError):
            fcntl.flock(guard, fcntl.LOCK_EX)
        entries = _entries()
        writers = {path: entry for path, entry in entries.get("write", {}).items() if path not in remove}
        content = {"write": writers | add, "read": entries.get("read", {})}
        write_text(LIST, json.dumps(content))


def _entries() -> dict[str, Any]:
    try:
        return json.loads(LIST.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
