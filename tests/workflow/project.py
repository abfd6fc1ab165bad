"""A scratch project: a copy of the tree with toy parameters, driven by the real Snakemake and the real DVC."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from invariscope.params import PARAMS, load_yaml
from tests.toy import write_params

ROOT = Path(__file__).parents[2]
TIMEOUT = 600


@dataclass
class Outcome:
    """A finished command: its exit code, what it printed, and the jobs that it started."""

    code: int
    text: str
    jobs: set[str]


class Project:
    """A git repository with the workflow in it."""

    def __init__(self, path: Path, site: Path) -> None:
        self.path = path
        self.started: list[subprocess.Popen[str]] = []
        folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
        inherited = {
            key: value for key, value in os.environ.items() if key not in ("PYTHONDONTWRITEBYTECODE", "DVC_STAGE")
        }
        self.environment = inherited | {
            "PATH": os.pathsep.join(folders),
            "OMP_NUM_THREADS": "1",
            "DVC_SITE_CACHE_DIR": str(site),  # else DVC would leave its memory of these folders in /var/tmp
            "DVC_NO_ANALYTICS": "1",
            **{f"GIT_{who}_{what}": "test@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }

    def start(self, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # pytest may run in the background
        )
        self.started.append(process)
        return process

    def signal(self, process: subprocess.Popen[str], number: int) -> str:
        """Send a signal to a process that is running, wait for its end, return what it printed.

        SIGINT goes to its jobs as well, as from a terminal.
        """
        assert process.poll() is None, "it had ended before"
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        return process.communicate(timeout=60)[0]

    def end_all(self) -> None:
        """Leave no process behind, whatever a test made of them."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def run(self, *command: str, fails: bool = False) -> Outcome:
        """Run a command to its end; it must succeed, or fail if `fails`."""
        before = self.logs()
        process = self.start(*command)
        text, _ = process.communicate(timeout=TIMEOUT)
        assert (process.returncode != 0) == fails, f"{' '.join(command)} ended with {process.returncode}:\n{text}"
        return Outcome(process.returncode, text, self.started_since(before))

    def snakemake(self, *options: str, fails: bool = False) -> Outcome:
        return self.run("snakemake", "--cores", "2", *options, fails=fails)

    def dvc(self, *arguments: str, fails: bool = False) -> Outcome:
        return self.run("dvc", *arguments, fails=fails)

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments).text

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def logs(self) -> dict[str, int]:
        """When each job last began: it opens its log anew."""
        folder = self.path / "logs"
        return {str(log.relative_to(folder).with_suffix("")): log.stat().st_mtime_ns for log in folder.rglob("*.log")}

    def started_since(self, before: Mapping[str, int]) -> set[str]:
        return {job for job, time_ in self.logs().items() if before.get(job) != time_}

    def wait_for(self, job: str, before: Mapping[str, int], seconds: float = 90) -> None:
        """Wait until a job is past its imports."""
        end = time.monotonic() + seconds
        while job not in self.started_since(before):
            assert time.monotonic() < end, f"{job} did not start"
            time.sleep(0.05)

    @property
    def params(self) -> dict[str, Any]:
        return load_yaml(self.path / PARAMS)

    def change(self, key: str, value: Any) -> None:
        """Set a dotted key of params.yaml."""
        params = self.params
        *around, last = key.split(".")
        block = params
        for part in around:
            block = block[part]
        block[last] = value
        write_params(self.path, params)

    def append(self, file: str, text: str) -> None:
        path = self.path / file
        path.write_text(path.read_text() + text)

    def processes(self) -> list[int]:
        """The jobs that are running in this project, and what an engine has set DVC to."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                here = (folder / "cwd").readlink() == self.path
                if here and b"-m\0invariscope" in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    def settle(self, seconds: float = 15) -> None:
        """Wait until no job is left; they end by themselves when their engine has died."""
        end = time.monotonic() + seconds
        while self.processes():
            assert time.monotonic() < end, "orphans"
            time.sleep(0.1)

    def corrupt_objects(self) -> list[Path]:
        """Files of DVC's cache whose content is not what their name says."""
        files = [path for path in (self.path / ".dvc/cache/files/md5").glob("??/*") if path.is_file()]
        assert files
        return [path for path in files if hashlib.md5(path.read_bytes()).hexdigest() != path.parent.name + path.name]

    def assert_nothing_to_do(self) -> None:
        """Both engines agree that all is up to date: DVC reports no change, and Snakemake runs nothing."""
        status = self.dvc("status")
        assert "up to date" in status.text, status.text
        run = self.snakemake()
        assert "Nothing to be done" in run.text, run.text
        assert not run.jobs


def tracked_files() -> list[str]:
    """The files of the checkout that are, or could be, in git: what a fresh clone has."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and (ROOT / name).is_file()]


def make_project(path: Path, site: Path, params: Mapping[str, Any]) -> Project:
    for name in tracked_files():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, path / name)
    write_params(path, params)
    project = Project(path, site)
    project.git("init", "--quiet")
    project.commit("The tree, at toy sizes")
    return project
