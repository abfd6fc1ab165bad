"""The default studies at toy sizes on a real SLURM: every step there is, with and without faults, as on one machine."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.slurm.cluster import COMMAND, Job, assert_as_local, cluster, history, queue, rule_of, run_of, say, wait_until
from tests.workflow.project import Project

pytestmark = pytest.mark.faults
PATIENCE = 900.0  # s for all jobs, on a machine that is busy with something else besides


def test_every_step_runs_there_as_here(smoke: Project, local_smoke: Project) -> None:
    process = smoke.start(*COMMAND)
    text = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0, text
    jobs = history(run_of(text))
    assert {job.state for job in jobs} == {"COMPLETED"}
    on_gpu = {rule_of(job) for job in jobs if "gres/gpu=1" in job.resources}
    assert {"train_classifier", "train_filter_gan", "screen_transforms", "train_unpooling"} <= on_gpu
    assert all(job.node.startswith("gpu" if rule_of(job) in on_gpu else "cpu") for job in jobs)
    assert_as_local(smoke, local_smoke, text)


def running(process: subprocess.Popen[str]) -> Job:
    """A job that runs on a GPU's node just now."""
    found: list[Job] = []

    def there() -> bool:
        assert process.poll() is None, "the run ended before the fault"
        found[:] = [job for job in queue() if job.state == "RUNNING" and job.node.startswith("gpu")]
        return bool(found)

    wait_until(there, "a job runs on a GPU's node", 300)
    return found[0]


def states_of(job: Job) -> set[str]:
    """How each start of a job has ended, or how it is."""
    return {one.state.split()[0] for one in history() if one.number == job.number}


def freeze(smoke: Project, process: subprocess.Popen[str]) -> Job:
    """Stop the process of a job, so that its time runs out. Returns the job."""
    while True:
        job = running(process)
        for number in smoke.processes():
            try:
                words = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
                if f"SLURM_JOB_ID={job.number}".encode() in words:
                    os.kill(number, signal.SIGSTOP)
                    return job
            except (FileNotFoundError, ProcessLookupError):
                continue
        time.sleep(0.2)


def test_faults_cost_time_and_nothing_else_of_all_steps(smoke: Project, local_smoke: Project) -> None:
    """One job each is cancelled, displaced by a more urgent one, dies with its node, and hangs until its time is up;
    the controller is killed and started again."""
    process = smoke.start(*COMMAND)
    cancelled = freeze(smoke, process).number
    cluster("restart-controller")  # before the rest: killed, it may forget what it was told a moment ago
    say("scancel", cancelled)
    wait_until(lambda: cancelled not in {job.number for job in queue()}, "the job is cancelled")

    hangs = freeze(smoke, process)
    say("scontrol", "update", f"JobId={hangs.number}", "TimeLimit=1")  # minutes
    wait_until(lambda: hangs.number not in {job.number for job in queue()}, "its time runs out", 180)

    displaced = freeze(smoke, process)
    urgent = (f"--nodelist={displaced.node}", "--gpus=2", "--mem=100", "--time=1")
    say("sbatch", "--partition=urgent", *urgent, "--wrap=true")
    wait_until(lambda: "PREEMPTED" in states_of(displaced), "the job is displaced")

    crashed = freeze(smoke, process)
    cluster("crash", crashed.node)
    wait_until(lambda: "State=DOWN" in say("scontrol", "show", "node", crashed.node), "the node is down")
    cluster("boot", crashed.node)

    text = process.communicate(timeout=PATIENCE)[0]
    assert process.returncode == 0, text
    assert "NODE_FAIL" in states_of(crashed)
    ends = {job.state.split()[0] for job in history(run_of(text))}
    assert {"COMPLETED", "CANCELLED", "TIMEOUT", "PREEMPTED", "NODE_FAIL"} <= ends
    assert_as_local(smoke, local_smoke, text)
