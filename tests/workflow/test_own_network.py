"""A network of the user's own in both engines: its source files are inputs like ours."""

from pathlib import Path
from typing import Any

import pytest

from invariscope.params import PARAMS, load_yaml
from tests.toy import toy
from tests.workflow.project import ROOT, Project, make_project

pytestmark = pytest.mark.faults

TRAINED = "train_classifier/handwriting/net"
NETWORK = """\
from torch import nn

from networks.common import WIDTH


def build(classes: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, WIDTH, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(144 * WIDTH, classes))
"""


def study() -> dict[str, Any]:
    """Two jobs, and their figures."""
    params = toy(load_yaml(ROOT / PARAMS), ["handwriting"])
    training = params["handwriting"]["classifiers"]["cnn5"]["training"]
    network = {"architecture": "networks.own:build", "training": training}
    kept = {key: params[key] for key in ("studies", "seed", "device", "data_root", "magnitudes")}
    return kept | {"handwriting": {"data": params["handwriting"]["data"], "classifiers": {"net": network}}}


def test_an_edit_of_the_users_code_runs_what_uses_it(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", tmp_path / "site", study())
    try:
        check(project)
    finally:
        project.end_all()


def check(project: Project) -> None:
    line = "handwriting.classifiers.net.architecture: 'networks.own': no such module"
    assert line in project.snakemake("--dry-run", fails=True).text
    folder = project.path / "networks"
    folder.mkdir()
    (folder / "own.py").write_text(NETWORK)
    (folder / "common.py").write_text("WIDTH = 2\n")
    (folder / "other.py").write_text("")
    assert TRAINED in project.snakemake().jobs
    dependencies = load_yaml(project.path / "dvc.yaml")["stages"]["train_classifier-handwriting-net"]["deps"]
    assert {"networks/own.py", "networks/common.py"} <= set(dependencies) and "networks/other.py" not in dependencies
    project.append("networks/other.py", "# not imported\n")
    assert project.snakemake().jobs == set()

    project.append("networks/common.py", "WIDTH = 3\n")
    run = project.dvc("repro")
    assert TRAINED in run.jobs and not any("prepare_data" in job for job in run.jobs)
    project.assert_nothing_to_do()
    (folder / "common.py").write_text("WIDTH = 2\n")
    assert project.snakemake().jobs == set()  # it was computed before, and is fetched
