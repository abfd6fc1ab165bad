"""What a fresh machine is set up from: one lock, with hashes and without addresses, and all that must agree with it."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from invariscope.params import load_yaml

LOCKED = re.compile(r"^([a-z0-9][a-z0-9.\-]*)==([^\s;\\]+)", re.MULTILINE)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.fixture(scope="module")
def lock(root: Path) -> str:
    return (root / "requirements.lock").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def versions(lock: str) -> dict[str, str]:
    return {plain(name): version for name, version in LOCKED.findall(lock)}


@pytest.fixture(scope="module")
def project(root: Path) -> Any:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_lock_names_no_index_and_no_address(lock: str) -> None:
    assert "://" not in lock
    for line in lock.splitlines():
        assert LOCKED.match(line) or re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


def test_everything_in_the_lock_has_a_hash(lock: str) -> None:
    for block in re.split(r"\n(?=\S)", lock.strip()):
        assert "--hash=sha256:" in block, block


def test_the_lock_holds_every_dependency(project: Any, versions: dict[str, str]) -> None:
    from packaging.requirements import Requirement

    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["workflow"], *extras["slurm"], *extras["dev"]]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(versions[plain(requirement.name)]), text
        assert any(bound.operator in (">=", "==") for bound in requirement.specifier), f"{text}: no lower bound"


def test_constraints_are_kept(root: Path, versions: dict[str, str]) -> None:
    wanted = LOCKED.findall((root / "constraints.txt").read_text(encoding="utf-8"))
    assert wanted
    assert {plain(name): versions[plain(name)] for name, _ in wanted} == {plain(name): v for name, v in wanted}


def test_the_environment_of_the_steps_is_that_of_the_lock(root: Path, project: Any, versions: dict[str, str]) -> None:
    """workflow/envs/library.yaml: exactly the library's own dependencies, in the versions of the lock."""
    dependencies = load_yaml(root / "workflow/envs/library.yaml")["dependencies"]
    pins = next(entry["pip"] for entry in dependencies if isinstance(entry, dict))
    named = {plain(name): version for name, version in (pin.split("==") for pin in pins)}
    own = {plain(re.split(r"[<>=!~ ]", text)[0]) for text in project["dependencies"]}
    assert set(named) == own
    assert named == {name: versions[name] for name in own}


def test_ci_can_be_run(root: Path) -> None:
    script = root / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_make_knows_its_goals(root: Path) -> None:
    tests = ("test", "test-faults", "test-slurm", "test-slurm-faults", "smoke")
    for goal in ("run", "report", *tests, "lint", "lock", "clean"):
        command = ["make", "--dry-run", "--silent", goal]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
