"""One small study, and the default ones at toy sizes, built locally and on the cluster of cluster.sh.

Collected only where a cluster runs: INVARISCOPE_CLUSTER is set by `make test-slurm`."""

import os
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from invariscope.params import PARAMS, load_yaml
from tests.slurm.cluster import CLASSIFIERS, fill_in, say
from tests.smoke import every_step_once
from tests.toy import toy
from tests.workflow.project import ROOT, Project, make_project

collect_ignore_glob = [] if os.environ.get("INVARISCOPE_CLUSTER") else ["test_*.py"]


def study() -> dict[str, Any]:
    """Four classifiers of real digits, trained at once, and figures."""
    params = toy(load_yaml(ROOT / PARAMS), ["handwriting"])
    kept = {key: params[key] for key in ("studies", "seed", "device", "data_root", "magnitudes")}
    whole = params["handwriting"]
    classifiers = {name: deepcopy(whole["classifiers"]["cnn5"]) for name in CLASSIFIERS}
    return kept | {"handwriting": {"data": whole["data"], "classifiers": classifiers}}


def built_locally(folder: Path, params: dict[str, Any]) -> Project:
    """As this machine builds it without a cluster."""
    project = make_project(folder / "project", folder / "site", params)
    project.snakemake()
    return project


def for_the_cluster(folder: Path, params: dict[str, Any]) -> Iterator[Project]:
    """Still to be built, with a profile that knows this cluster."""
    project = make_project(folder / "project", folder / "site", params)
    fill_in(project.path)
    project.commit("The site")
    yield project
    project.end_all()
    say("scancel", "--me")


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built_locally(tmp_path_factory.mktemp("local"), study())


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    yield from for_the_cluster(tmp_path, study())


@pytest.fixture(scope="session")
def local_smoke(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return built_locally(tmp_path_factory.mktemp("smoke"), every_step_once())


@pytest.fixture
def smoke(tmp_path: Path) -> Iterator[Project]:
    yield from for_the_cluster(tmp_path, every_step_once())
