"""The study on a real SLURM: complete, where it should run, recorded, and equal to what one machine makes of it."""

from tests.slurm.cluster import (
    CLASSIFIERS,
    COMMAND,
    Job,
    artifacts,
    cluster,
    freeze_trainings,
    history,
    queue,
    run_of,
    say,
    wait_until,
)
from tests.workflow.project import Project

ON_CPU = {"prepare_data"}
ON_GPU = {"train_classifier"}


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


def test_faults_cost_time_and_nothing_else(project: Project, local: Project) -> None:
    """A job is displaced by a more urgent one, one cancelled, one dies with its node, one hangs until its time is up;
    and the controller is killed and started again."""
    process = project.start(*COMMAND, "--set-resources", "train_classifier:runtime=attempt")  # minutes
    trainings = freeze_trainings(project)
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
    cluster("restart-controller")
    wait_until(lambda: "State=DOWN" in say("scontrol", "show", "node", here), "the node is down")
    cluster("boot", here)

    text = process.communicate(timeout=400)[0]
    assert process.returncode == 0, text
    ends = [(job.name.rpartition("_")[2], job.state.split()[0]) for job in history(run_of(text))]
    fates = {cancelled: "CANCELLED", crashed: "NODE_FAIL", late: "TIMEOUT", displaced: "PREEMPTED"}
    assert set(fates.items()) <= set(ends)
    assert {(name, "COMPLETED") for name in CLASSIFIERS} <= set(ends)
    assert_as_local(project, local, text)
