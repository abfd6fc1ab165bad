"""Kill the running workflow at random moments, run it again each time, compare: `python -m tests.faults --kills 50`.

The study `digits` at toy sizes, or a smaller one, through Snakemake as a user would call it; no run is helped by an
unlock. A kill is SIGKILL to the whole process group; every second one, as chance will have it, also to the process that
has DVC record results, which has a group of its own, as when a machine loses its power. When a run gets to its end, or
after some kills, every artifact is compared with that of a run that was left alone, and a new round begins with an
empty folder. Ends with 1 if anything differs. The kills follow from the seed, what they hit also from the machine.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from invariscope.provenance.inputs import recorded_outputs
from tests.toy import digits_study, small_study
from tests.workflow.project import Project, make_project

STUDIES = {"digits": (digits_study, 25.0), "small": (small_study, 12.0)}  # and how late a run is killed, s
A_ROUND = 17  # kills at most, before a run is left to get to its end
COMMAND = ("snakemake", "--cores", "2", "--quiet", "rules")


class Harmed(Exception):
    """Something is not as in the run that was left alone."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--study", choices=STUDIES, default="digits")
    options = parser.parse_args()
    study, latest = STUDIES[options.study]
    with tempfile.TemporaryDirectory(prefix="invariscope-faults-") as folder:
        try:
            survive(Path(folder), study(), options.kills, random.Random(options.seed), latest)
        except Harmed as error:
            print(f"FAILED: {error}")
            return 1
    return 0


def survive(folder: Path, params: Mapping[str, Any], kills: int, chance: random.Random, latest: float) -> None:
    """Build a study undisturbed, then again and again with kills. Raises Harmed if that makes a difference."""
    began = time.monotonic()
    whole = make_project(folder / "whole", folder / "site", params)
    finish(whole)
    expected = artifacts(whole)
    say(f"left alone: {time.monotonic() - began:.0f} s, {len(expected)} artifacts")
    done = number = 0
    while done < kills:
        number += 1
        project = make_project(folder / f"round{number}", folder / "site", params)
        try:
            done += harm(project, min(A_ROUND, kills - done), chance, latest, done)
            finish(project)
            compare(project, expected)
        finally:
            project.end_all()
        say(f"round {number}: after {done} kills in all, {len(expected)} artifacts byte-identical, none corrupt")
    say(f"{done} kills, {number} rounds: passed")


def harm(project: Project, kills: int, chance: random.Random, latest: float, before: int) -> int:
    """Start the workflow and kill it, until it is through or there were enough; how often it was killed."""
    for count in range(kills):
        moment, everything = chance.uniform(0, latest), chance.random() < 0.5
        process = project.start(*COMMAND)
        try:
            text, _ = process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            running = kill(project, process, everything)
            what = "everything" if everything else "the group"
            say(f"kill {before + count + 1}: {what} after {moment:.2f} s, at work: {', '.join(running) or 'snakemake'}")
            continue
        require(process.returncode == 0, f"a run after a kill ended with {process.returncode}:\n{text}")
        return count
    return kills


def kill(project: Project, process: "subprocess.Popen[str]", everything: bool) -> list[str]:
    """End a run as roughly as can be; the jobs that it hit."""
    pids = project.processes()
    running = [name for name in map(job_of, pids) if name]
    os.killpg(process.pid, signal.SIGKILL)
    for pid in project.processes() if everything else ():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.communicate(timeout=60)
    project.settle(60)
    return running


def job_of(pid: int) -> str | None:
    """What one of our processes does, in words; None if it has just ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return None
    module = next(place for place, word in enumerate(words) if word.startswith("invariscope"))
    names = words[module:] if words[module] != "invariscope" else words[module + 1 :]
    return "/".join(name for name in names[:4] if name and not name.startswith("-") and "/" not in name)


def finish(project: Project) -> None:
    """Run to the end; then neither engine must find anything to do."""
    for command, expected in (
        (COMMAND, ""),
        (("dvc", "status"), "up to date"),
        (("snakemake", "-n"), "Nothing to be done"),
    ):
        process = project.start(*command)
        text, _ = process.communicate()
        good = process.returncode == 0 and expected in text
        require(good, f"`{' '.join(command)}` ended with {process.returncode}:\n{text}")


def compare(project: Project, expected: Mapping[str, str]) -> None:
    found = artifacts(project)
    differ = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    require(not differ, f"not as without kills: {', '.join(differ)}")
    corrupt = project.corrupt_objects()
    require(not corrupt, f"corrupt in DVC's cache: {', '.join(map(str, corrupt))}")


def artifacts(project: Project) -> dict[str, str]:
    """What there is of data and results, and what dvc.lock says there is: digests by path."""
    files = [path for folder in ("data", "results") for path in (project.path / folder).rglob("*") if path.is_file()]
    found = {str(path.relative_to(project.path)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    recorded = recorded_outputs(project.path / "dvc.lock")
    return found | {f"{path} in dvc.lock": checksum for path, checksum in recorded.items()}


def require(good: bool, otherwise: str) -> None:
    if not good:
        raise Harmed(otherwise)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
