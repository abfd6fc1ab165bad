"""The whole default workflow at toy sizes, in a scratch copy, through both engines: `python -m tests.smoke`.

Prints how long each part took. Ends with 1, and what was printed, if a command fails or finds something to do.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from invariscope.params import PARAMS, load_yaml
from tests.toy import toy
from tests.workflow.project import ROOT, Project, make_project

STEPS = (
    (["snakemake", "--cores", "2", "--quiet", "rules"], "steps (100%) done"),
    (["dvc", "status"], "Data and pipelines are up to date."),
    (["dvc", "repro"], "Data and pipelines are up to date."),
    (["snakemake", "-n"], "Nothing to be done"),
    (["snakemake", "--cores", "2"], "Nothing to be done"),
    (["snakemake", "--report", "report.html"], "Report created"),
)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="invariscope-smoke-") as folder:
        project = make_project(Path(folder, "project"), Path(folder, "site"), every_step_once())
        failed = [command for command, expected in STEPS if not passes(project, command, expected)]
    print(f"smoke: {len(STEPS) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def every_step_once() -> dict[str, Any]:
    """The default studies at toy sizes. What `digits` does once is not done for each of the shapes' classifiers again:
    a job costs five seconds before it begins."""
    params = toy(load_yaml(ROOT / PARAMS))
    for analysis in ("transformer", "generative", "unpooling", "features"):
        del params["shapes"][analysis]
    del params["shapes"]["screening"]["sensitivity"]
    return params


def passes(project: Project, command: list[str], expected: str) -> bool:
    """Run a command; report its time, and what it printed if it did not say what was expected."""
    began = time.monotonic()
    process = project.start(*command)
    text = process.communicate()[0]
    good = process.returncode == 0 and expected in text
    print(f"{time.monotonic() - began:6.1f} s  {'ok' if good else 'FAILED'}  {' '.join(command)}", flush=True)
    if not good:
        print(text)
    return good


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"smoke: {error}")
