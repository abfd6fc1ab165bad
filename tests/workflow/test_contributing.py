"""The examples of CONTRIBUTING.md, done as it says: a data set, a family of transformations, a figure, an analysis."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from tests.toy import small_study
from tests.workflow.project import ROOT, Project, make_project

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```(?:python|yaml)\n# ([^\n]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def merged(one: Any, other: Any) -> Any:
    """Mappings with the second's keys added to the first's at every depth; of anything else the second."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return other
    return one | other | {key: merged(one[key], other[key]) for key in one.keys() & other.keys()}


def follow(project: Project) -> dict[str, Any]:
    """Write every block of the page where it says; what it says of params.yaml is returned."""
    params: dict[str, Any] = {}
    for place, text in BLOCK.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        name, _, inside = place.partition(", in ")
        path = project.path / name
        if name == "params.yaml":
            params = merged(params, YAML(typ="safe", pure=True).load(text))
        elif inside:
            before, anchor, after = path.read_text().partition(ANCHORS[inside])
            assert anchor, f"{name} has no {inside}"
            path.write_text(before + anchor + text + after)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return params


ANCHORS = {"FAMILIES": "FAMILIES = {\n", "intensity": "    return {\n"}


def test_what_the_page_adds_is_built_by_both_engines(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", tmp_path / "site", small_study())
    added = follow(project)
    added["stripes"] |= {"classifiers": project.params["handwriting"]["classifiers"], "screening": screening()}
    for key, value in merged(project.params, added | {"studies": ["stripes"]}).items():
        project.change(key, value)
    run = project.snakemake()
    assert {"prepare_data/stripes", "plot_brightness/stripes", "measure_symmetry/stripes"} <= run.jobs
    results = project.path / "results" / "stripes"
    assert (results / "data" / "brightness.png").read_bytes().startswith(b"\x89PNG")
    symmetry = {
        row["class_name"]: row["correlation"] for row in pq.read_table(results / "data/symmetry.parquet").to_pylist()
    }
    assert symmetry["horizontal"] > 0.5 > symmetry["vertical"]  # only columns are moved by a mirror
    table = pq.read_table(results / "cnn5" / "screening" / "curves.parquet").to_pylist()
    assert {row["magnitude"] for row in table if row["family"] == "gamma"} == {0.5, 1.0, 2.0}
    assert "up to date" in project.dvc("status").text
    project.change("extensions.symmetry.images", 3)
    assert project.dvc("repro").jobs == {"measure_symmetry/stripes"}
    assert "Nothing to be done" in project.snakemake("-n").text


def screening() -> dict[str, Any]:
    thresholds = {"level": 0.5, "criteria": ["accuracy"], "resamples": 20, "confidence": 0.95}
    rendering = {"fill": "zeros", "interpolation": "bilinear", "clamp": True}
    return {
        "classifiers": ["cnn5"],
        "images": 40,
        "batch_size": 40,
        "groups": {},
        **rendering,
        "magnitudes": {"grayscale": []},
        "thresholds": thresholds,
    }
