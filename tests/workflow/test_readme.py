"""The README's own words, run as they stand at toy sizes: every command block, and every command of its table."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from invariscope.params import PARAMS, load_yaml
from tests.toy import toy
from tests.workflow.project import ROOT, make_project

pytestmark = pytest.mark.slow

README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
BLOCKS = [text for language, text in FENCED if not language]
NEEDS_CLUSTER = {
    "snakemake --workflow-profile profiles/slurm --slurm-efficiency-report",
    "snakemake --workflow-profile profiles/slurm",
}
METRICS = Path("results/digits/cnn5/training/metrics.json")
# git runs it in each new clone: the environment that `make` would install is the one that the tests run in.
HOOK = f"""#!/bin/sh
ln -s {sys.prefix} .venv && touch .venv/.complete
"""


def studies() -> dict[str, Any]:
    """`digits` is on, `handwriting` is off; both with a network, the latter with a screening."""
    everything = toy(load_yaml(ROOT / PARAMS), ["digits"])
    kept = {key: everything[key] for key in ("studies", "seed", "device", "data_root", "magnitudes")}
    of_study = {"digits": ("data", "classifiers"), "handwriting": ("data", "classifiers", "screening")}
    return kept | {name: {key: everything[name][key] for key in keys} for name, keys in of_study.items()}


class Reader:
    """Someone who follows the README in an empty folder, with a repository to clone and a store to share."""

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder, self.repository, self.store = folder, repository, folder.parent / "store"
        hooks = folder.parent / "template" / "hooks"
        hooks.mkdir(parents=True)
        (hooks / "post-checkout").write_text(HOOK)
        (hooks / "post-checkout").chmod(0o755)
        folder.mkdir()
        who = {f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.environment = os.environ | who | {"GIT_TEMPLATE_DIR": str(hooks.parent), "CORES": "2"}
        self.environment["DVC_SITE_CACHE_DIR"] = str(folder.parent / "site")

    def run(self, text: str, inside: str = "", commit: str = "") -> str:
        text = text.replace("<this repository>", str(self.repository)).replace("/path/to/store", str(self.store))
        text = text.replace("<commit>", commit).replace("--cores all", "--cores 2").replace("nano ", "cat ")
        activated = f". {self.folder / inside / '.venv/bin/activate'}\n" if inside else ""
        command = ["bash", "-e", "-c", activated + text]
        place = self.folder / inside
        done = subprocess.run(command, cwd=place, env=self.environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{text}\nended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    project = make_project(folder / "repository", folder / "site", studies())
    project.run(sys.executable, "-m", "invariscope", "dvc-yaml")
    project.commit("Toy sizes")
    return project.path


@pytest.fixture(scope="module")
def reader(repository: Path) -> Reader:
    return Reader(repository.parent / "reader", repository)


def block(*words: str) -> str:
    (found,) = [text for text in BLOCKS if all(word in text for word in words)]
    return str(found)


def commands_of_the_table() -> list[list[str]]:
    """The commands of each row of `you want | run`."""
    table = README.split("| you want | run |\n", 1)[1].split("\n\n", 1)[0].splitlines()[1:]
    return [re.findall(r"`([^`]+)`", row.split("|")[2]) for row in table]


def test_no_block_is_left_out() -> None:
    of_tests = (("\nmake\n",), ("dvc push",), ("dvc pull",), ("profiles/slurm",), ("requirements.lock",))
    assert sorted(block(*words) for words in of_tests) == sorted(BLOCKS)


def test_from_a_clone_to_results_and_back(reader: Reader, repository: Path) -> None:
    reader.run(block("\nmake\n"))
    clone = reader.folder / "invariscope"
    assert (clone / "report.html").stat().st_size > 100_000
    first = json.loads((clone / METRICS).read_text())
    (record,) = re.findall(r"`(git add dvc\.yaml [^`]+ && git commit)`", README)
    reader.run(f"{record} --quiet --message Built", "invariscope")
    reader.run(block("dvc push"), "invariscope")
    for commands in commands_of_the_table():
        for command in commands:
            if command in NEEDS_CLUSTER or ("--" in commands[0] and command.startswith("profiles")):
                continue
            if command.startswith("git checkout"):
                reader.run("git commit --quiet --all --message 'Another value'", "invariscope")
                assert json.loads((clone / METRICS).read_text()) != first
            reader.run(command, "invariscope", commit="HEAD~1")
    assert json.loads((clone / METRICS).read_text()) == first
    assert (clone / "results/handwriting/cnn5/screening/curves.png").exists()


def test_the_python_block_runs_there(reader: Reader) -> None:
    (code,) = [text for language, text in FENCED if language == "python"]
    (reader.folder / "invariscope" / "notebook.py").write_text(code)
    reader.run("python notebook.py && rm notebook.py", "invariscope")


def test_a_colleague_gets_the_results_without_computing(reader: Reader, tmp_path: Path) -> None:
    colleague = Reader(tmp_path / "colleague", reader.folder / "invariscope")
    colleague.store = reader.store
    said = colleague.run(block("dvc pull"))
    assert "Nothing to be done" in said
    assert (colleague.folder / "invariscope" / METRICS).exists()


def test_a_cluster_would_be_asked(reader: Reader, repository: Path, tmp_path: Path) -> None:
    """All but the last line of the block, which needs a cluster: `make test-slurm` runs it."""
    login = Reader(tmp_path / "login", repository)
    *lines, last = block("profiles/slurm").splitlines()
    assert last in NEEDS_CLUSTER
    assert "train_classifier" in login.run("\n".join(lines))


def test_what_is_done_by_hand_is_what_make_does() -> None:
    recipe = [line.strip() for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\t")]
    bare = [line.replace(" --quiet", "").replace("$(PYTHON)", "python3").replace("\tuv", "uv") for line in recipe]
    for line in block("requirements.lock").splitlines():
        if line.startswith((". ", "snakemake")):
            continue
        assert line.removeprefix(".venv/bin/") in [one.removeprefix(".venv/bin/") for one in bare], line
