"""What a report was made with: versions of what decides about results, and the commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("invariscope", "torch", "torchvision", "numpy", "scikit-learn", "snakemake", "dvc")


def made_with() -> dict[str, str]:
    """Name -> version: the commit, Python, the packages that are installed, the system."""
    found = {"git commit": commit(), "Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found | {"system": f"{platform.system()} {platform.machine()}"}


def commit() -> str:
    """The commit of the working directory, and whether files differ from it."""
    try:
        name = _git("rev-parse", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "none: this folder is not in git"
    return f"{name}, with changes since" if changed else name


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()
