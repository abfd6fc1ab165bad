"""The study on a real SLURM: complete, where it should run, recorded, and equal to what one machine makes of it."""

import contextlib
import os
from pathlib import Path

import pytest

from tests.slurm.cluster import (
    CLASSIFIERS,
    COMMAND,
    assert_as_local,
    cluster,
    freeze_trainings,
    history,
    queue,
    rule_of,
    run_of,
    say,
    wait_until,
)
from tests.workflow.project import Project

ON_CPU = {"prepare_data"}
ON_GPU = {"train_classifier"}


def test_everything_runs_where_it_belongs(project: Project, local: Project) -> None:
    run = project.run(*COMMAND, "--slurm-efficiency-report")
    jobs = history(run_of(run.text))
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert {rule_of(job) for job in jobs} == ON_CPU | ON_GPU  # no figures
    assert len(jobs) == 1 + len(CLASSIFIERS)
    for job in jobs:
        gpu = rule_of(job) in ON_GPU
        assert job.node.startswith("gpu" if gpu else "cpu"), job
        assert ("gres/gpu=1" in job.resources) == gpu, job
    assert_as_local(project, local, run.text)
    assert list((project.path / "benchmarks/jobs").glob("efficiency_report_*.csv"))
    assert (project.path / "benchmarks/jobs/train_classifier/handwriting/first.tsv").exists()
    assert project.git("status", "--porcelain", "--", "profiles", "benchmarks", "logs") == ""


@pytest.mark.faults
def test_faults_cost_time_and_nothing_else(project: Project, local: Project) -> None:
    """A job is displaced by a more urgent one, one cancelled, one dies with its node, one hangs until its time is up;
    and the controller is killed and started again."""
    process = project.start(*COMMAND, "--set-resources", "train_classifier:runtime=attempt")  # minutes
    trainings = freeze_trainings(project)
    cluster("restart-controller")  # before the rest: killed, it may forget what it was told a moment ago
    here, there = sorted({job.node for job in trainings.values()})
    cancelled, crashed = (name for name, job in trainings.items() if job.node == here)

    say("sbatch", "--partition=urgent", f"--nodelist={there}", "--gpus=1", "--mem=100", "--time=1", "--wrap=true")
    on_there = {job.number: name for name, job in trainings.items() if job.node == there}

    def still_running() -> set[str]:
        return {on_there[job.number] for job in queue() if job.number in on_there and job.state == "RUNNING"}

    wait_until(lambda: len(still_running()) == 1, "one of two is displaced")
    (late,) = still_running()
    (displaced,) = set(on_there.values()) - {late}

    say("scancel", trainings[cancelled].number)
    wait_until(lambda: trainings[cancelled].number not in {job.number for job in queue()}, "the job is cancelled")
    cluster("crash", here)
    wait_until(lambda: "State=DOWN" in say("scontrol", "show", "node", here), "the node is down")
    cluster("boot", here)

    text = process.communicate(timeout=400)[0]
    assert process.returncode == 0, text
    ends = [(job.name.rpartition("_")[2], job.state.split()[0]) for job in history(run_of(text))]
    fates = {cancelled: "CANCELLED", crashed: "NODE_FAIL", late: "TIMEOUT", displaced: "PREEMPTED"}
    assert set(fates.items()) <= set(ends)
    assert {(name, "COMPLETED") for name in CLASSIFIERS} <= set(ends)
    assert_as_local(project, local, text)


@pytest.mark.faults
def test_a_cancelled_training_saves_its_state_and_is_finished(project: Project) -> None:
    """SLURM's SIGTERM reaches the step through the shell and the Snakemake that started it."""
    project.change("handwriting.classifiers.first.training.epochs", 500)
    model = project.path / "results/handwriting/first/training/model.safetensors"
    process = project.start(*COMMAND, str(model.relative_to(project.path)))
    wait_until(lambda: any(seconds_of(number) > 8 for number in trainings_of(project)), "it is under way", 180)
    states = project.path / ".checkpoints"
    assert not list(states.glob("*.pt"))  # one a minute: not yet
    (training,) = [job for job in queue() if job.name.endswith("first")]
    say("scancel", training.number)
    wait_until(lambda: bool(list(states.glob("*.pt"))), "the state is saved")
    assert process.wait(timeout=400) == 0
    assert model.exists() and not list(states.glob("*.pt"))


def trainings_of(project: Project) -> list[int]:
    """The processes that train in a project."""
    known = {number: Path(f"/proc/{number}/cmdline") for number in project.processes()}
    return [number for number, file in known.items() if file.exists() and "train_classifier" in file.read_text()]


def seconds_of(process: int) -> float:
    """Of the processor, that a process has had; none if it is gone."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return 0.0
