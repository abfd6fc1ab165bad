"""profiles/slurm, as far as it can be judged without a cluster; tests/slurm runs it on one."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from invariscope.params import load_yaml
from tests.workflow.project import Project

pytest.importorskip("snakemake_executor_plugin_slurm", reason="the extra `slurm` is not installed")

DRY_RUN = ("snakemake", "-n", "--forceall", "--workflow-profile", "profiles/slurm")


def profile(root: Path, name: str) -> dict[str, Any]:
    return load_yaml(root / "profiles" / name / "config.yaml")


def resources(text: str) -> dict[str, set[str]]:
    """What each rule asks for, from a dry run."""
    return {
        rule: set(amounts.split(", "))
        for rule, amounts in re.findall(r"rule (\w+):.*?\n    resources: ([^\n]*)", text, re.DOTALL)
    }


@pytest.mark.slow
def test_dry_run_needs_no_cluster(small: Project) -> None:
    asked = resources(small.run(*DRY_RUN).text)
    assert {"mem_mb=6000", "runtime=240", "gpu=1", "nodes=1"} <= asked["train_classifier"]
    assert {"mem_mb=4000", "runtime=60", "nodes=1"} <= asked["prepare_data"]
    assert not any(word.startswith("gpu") for word in asked["prepare_data"])


@pytest.mark.slow
def test_a_second_attempt_gets_twice_as_much(small: Project) -> None:
    asked = resources(small.run(*DRY_RUN, "--attempt", "2").text)
    assert {"mem_mb=12000", "runtime=480", "gpu=1"} <= asked["train_classifier"]


def test_what_the_default_profile_sets_is_kept(root: Path) -> None:
    """Of two workflow profiles the later replaces the earlier."""
    assert profile(root, "default").items() <= profile(root, "slurm").items()


def test_no_retries_in_rules(root: Path) -> None:
    for rules in (root / "workflow/rules").glob("*.smk"):
        assert not re.search(r"^\s+retries:", rules.read_text(encoding="utf-8"), re.MULTILINE), rules
    assert profile(root, "slurm")["retries"] > 0


@pytest.mark.parametrize(("gpu", "partition"), [(0, "cpu"), (1, "gpu")])
def test_every_job_fits_a_partition_at_every_attempt(root: Path, gpu: int, partition: str) -> None:
    """Its partitions are read from the profile itself, and GPU jobs go to those with GPUs."""
    from snakemake_executor_plugin_slurm.partitions import get_best_partition, read_partition_file

    text = "".join(rules.read_text(encoding="utf-8") for rules in (root / "workflow/rules").glob("*.smk"))
    most = {key: max(map(int, re.findall(rf"{key}=growing\((\d+)\)", text))) for key in ("mem_mb", "runtime")}
    partitions = read_partition_file(root / "profiles/slurm/config.yaml")
    silent = SimpleNamespace(debug=print, info=print, warning=print)
    for attempt in range(1, profile(root, "slurm")["retries"] + 2):
        needs = {key: amount * attempt for key, amount in most.items()} | {"gpu": gpu, "nodes": 1}
        job = SimpleNamespace(name="job", threads=1, resources=needs)
        assert get_best_partition(partitions, job, silent) == partition


def test_figures_are_drawn_where_snakemake_runs(root: Path) -> None:
    files = sorted((root / "workflow/rules").glob("*_figures.smk"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        local = re.findall(r"^    (\w+),$", text.partition("localrules:")[2].partition("\nrule ")[0], re.MULTILINE)
        assert local == re.findall(r"^rule (\w+):", text, re.MULTILINE), file
