"""Projects that are built once, and copied for each scenario."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.toy import digits_study, small_study
from tests.workflow.project import Outcome, Project, make_project


@dataclass
class Built:
    """A project that was built once; scenarios work on copies."""

    project: Project
    outcome: Outcome

    def copy(self, path: Path) -> Project:
        shutil.copytree(self.project.path, path, symlinks=True)
        copy = Project(path, path.with_name("site"))
        copy.environment = self.project.environment | {"DVC_SITE_CACHE_DIR": str(path.with_name("site"))}
        return copy


def build(shared: Path, name: str, params: Mapping[str, Any]) -> Built:
    """Build a project once for all of pytest's processes; whoever comes second waits."""
    shared.mkdir(parents=True, exist_ok=True)
    project_path, record = shared / name / "project", shared / f"{name}.json"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            project = make_project(project_path, shared / name / "site", params)
            outcome = project.snakemake()
            project.commit("Built")
            record.write_text(json.dumps([outcome.code, outcome.text, sorted(outcome.jobs)]))
    code, text, jobs = json.loads(record.read_text())
    return Built(Project(project_path, shared / name / "site"), Outcome(code, text, set(jobs)))


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The same for all processes of one run of pytest."""
    base = factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "built"


@pytest.fixture(scope="session")
def digits_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The study `digits`, and a small study that is off."""
    return build(shared_folder(tmp_path_factory), "digits", digits_study())


@pytest.fixture(scope="session")
def small_built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A study of four jobs."""
    return build(shared_folder(tmp_path_factory), "small", small_study())


@pytest.fixture
def digits(digits_built: Built, tmp_path: Path) -> Iterator[Project]:
    project = digits_built.copy(tmp_path / "project")
    yield project
    project.end_all()


@pytest.fixture
def small(small_built: Built, tmp_path: Path) -> Iterator[Project]:
    project = small_built.copy(tmp_path / "project")
    yield project
    project.end_all()
