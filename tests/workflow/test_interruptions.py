"""Failed, killed, edited and simultaneous runs: what was finished is kept, what is in doubt is run again."""

import signal

import pytest

from tests.workflow.project import Project
from tests.workflow.test_scenarios import RESAMPLES, THRESHOLDS

pytestmark = pytest.mark.faults

TRAINING = "train_classifier/handwriting/cnn5"
EPOCHS = "handwriting.classifiers.cnn5.training.epochs"


def test_failed_run_keeps_what_it_finished(digits: Project) -> None:
    digits.append("src/invariscope/steps/measure_filters.py", '\nraise RuntimeError("broken")\n')
    digits.change(RESAMPLES, 10)
    failed = digits.snakemake("--keep-going", fails=True)
    assert failed.jobs >= THRESHOLDS
    status = digits.dvc("status").text
    assert "measure_filters" in status
    assert "find_thresholds" not in status
    assert "plot_screening" not in status


def test_killed_before_recording(digits: Project) -> None:
    digits.change(RESAMPLES, 10)
    before = digits.logs()
    process = digits.start("snakemake", "--cores", "2")
    digits.wait_for("plot_screening/digits/cnn5", before)
    digits.signal(process, signal.SIGKILL)
    digits.settle()
    resumed = digits.snakemake()
    assert resumed.jobs <= {
        "plot_screening/digits/cnn5",
        "compare_papers",
    }  # not find_thresholds, although DVC never heard of it
    assert "killed: released its lock" in resumed.text
    digits.assert_nothing_to_do()


def test_parameters_edited_during_the_run(small: Project) -> None:
    """A job may have read either version: it is not recorded, and runs again even if the edit is taken back."""
    small.change(EPOCHS, 10)
    before = small.logs()
    process = small.start("snakemake", "--cores", "1")
    small.wait_for(TRAINING, before)
    small.change(EPOCHS, 11)
    text = process.communicate(timeout=300)[0]
    assert process.returncode == 0, text
    assert "edited during the run: not recorded, and to be run again: train_classifier-handwriting-cnn5" in text
    small.change(EPOCHS, 10)
    assert TRAINING in small.snakemake().jobs
    small.assert_nothing_to_do()


def test_snakemake_at_work_refuses_others(small: Project) -> None:
    small.change(EPOCHS, 2000)
    before = small.logs()
    process = small.start("snakemake", "--cores", "1")
    small.wait_for(TRAINING, before)
    other = small.dvc("repro", fails=True)
    assert "busy" in other.text
    assert f"(PID {process.pid}): snakemake" in other.text
    second = small.snakemake(fails=True)
    assert f"error: snakemake (process {process.pid}) is running in this folder" in second.text
    assert "Traceback" not in second.text
    assert "may be about to change" in small.snakemake("-n").text
    small.signal(process, signal.SIGINT)
    small.settle()


def test_dvc_at_work_refuses_snakemake(small: Project) -> None:
    small.change(EPOCHS, 2000)
    before = small.logs()
    process = small.start("dvc", "repro")
    small.wait_for(TRAINING, before)
    refused = small.snakemake(fails=True)
    assert f"error: `dvc repro` (process {process.pid}) is running in this folder" in refused.text
    assert "Traceback" not in refused.text
    small.signal(process, signal.SIGINT)
    small.settle()
