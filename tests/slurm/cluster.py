"""What tests see of the cluster of cluster.sh, and do to it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from invariscope.params import load_yaml
from tests.workflow.project import Project

SCRIPT = Path(__file__).with_name("cluster.sh")
CLASSIFIERS = ["first", "second", "third", "fourth"]  # as many as the cluster has GPUs
COMMAND = ("snakemake", "--workflow-profile", "profiles/slurm")


@dataclass(frozen=True)
class Job:
    """A job as SLURM sees it; `name` says rule and wildcards."""

    number: str
    name: str
    state: str
    node: str
    resources: str = ""


def fill_in(folder: Path) -> None:
    """Do with the profile what its user does, and have it look for finished jobs sooner."""
    from ruamel.yaml import YAML

    path = folder / "profiles/slurm/config.yaml"
    profile = load_yaml(path)
    limits = {"max_runtime": 1440, "max_mem_mb": 32000, "max_threads": 4}
    profile["partitions"] = {"cpu": limits, "gpu": limits | {"max_gpu": 2}}
    profile["default-resources"] |= {"slurm_account": "lab"}
    profile["slurm-init-seconds-before-status-checks"] = 1
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump(profile, file)


def say(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


def cluster(*arguments: str) -> None:
    """Run cluster.sh. Its daemons outlive it: they must not hold a pipe of ours."""
    subprocess.run([SCRIPT, *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=120)


def queue() -> list[Job]:
    """The jobs that wait or run."""
    return [Job(*line.split("|")) for line in say("squeue", "--noheader", "--format=%A|%k|%T|%N").splitlines()]


def history(run: str = "") -> list[Job]:
    """All jobs of a run of Snakemake, or of all of the last hour, those twice that SLURM started twice."""
    columns = "--format=JobID,Comment,State,NodeList,AllocTRES"
    options = ("--allocations", "--duplicates", "--starttime=now-1hours", "--noheader", "--parsable2")
    return [
        Job(*line.split("|"))
        for line in say("sacct", *options, columns, *([f"--name={run}"] if run else [])).splitlines()
    ]


def run_of(text: str) -> str:
    """The name that the jobs of a run have in SLURM."""
    return text.partition("SLURM run ID: ")[2].split()[0]


def wait_until(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)


def freeze_trainings(project: Project) -> dict[str, Job]:
    """Stop each classifier's training as soon as it is past its imports, so that what is done to its job cannot come
    too late. Returns the jobs, which run on as far as SLURM can tell."""
    frozen: set[str] = set()

    def all_frozen() -> bool:
        for process in project.processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                words = Path(f"/proc/{process}/cmdline").read_text().split("\0")
                name = words[words.index("train_classifier") + 2] if "train_classifier" in words else ""
                log = project.path / f"logs/train_classifier/handwriting/{name}.log"
                if name and name not in frozen and log.exists():
                    os.kill(process, signal.SIGSTOP)
                    frozen.add(name)
        return frozen == set(CLASSIFIERS)

    wait_until(all_frozen, "four trainings at once", 180)
    return {name: job for job in queue() for name in CLASSIFIERS if job.name.endswith(name)}


def artifacts(folder: Path) -> dict[str, bytes]:
    """All that a run made, and what DVC has on record of it."""
    files = [path for part in ("data", "results") for path in (folder / part).rglob("*") if path.is_file()]
    named = [path for path in files if not path.name.startswith(".")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in [*named, folder / "dvc.lock"]}


def rule_of(job: Job) -> str:
    return job.name.removeprefix("rule_").partition("_wildcards_")[0]


def assert_as_local(project: Project, local: Project, text: str) -> None:
    """Complete, recorded in DVC, and byte for byte what a local run makes."""
    made, expected = artifacts(project.path), artifacts(local.path)
    assert made.keys() == expected.keys()
    assert [path for path, content in made.items() if content != expected[path]] == []
    assert any(path.endswith("class_accuracy.parquet") for path in made)
    assert "Recorded in dvc.lock" in text
    project.assert_nothing_to_do()
