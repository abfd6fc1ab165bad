"""Where the time of a run of the whole workflow went, from the tables that Snakemake writes of each job.

python benchmarks/workflow.py [--folder benchmarks/jobs] [--wall SECONDS --cores 2]

Times are of the jobs that were run last, whichever run that was: for a run from nothing, build in a fresh clone.
`--wall` is what that run took by the clock; then its overhead is told: the share of cores times wall in which no job
ran. A job's seconds include the start of its Python; `--start` measures that here.
"""

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    rule: str
    seconds: float
    memory: float  # MB at most


def jobs(folder: Path) -> Iterator[Job]:
    """One of each table below `folder/<rule>/`, or of `folder/<rule>.tsv`."""
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(encoding="utf-8") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
        numbers = (float(row[name].replace("NA", "nan")) for name in ("s", "max_rss"))
        yield Job(path.relative_to(folder).parts[0].removesuffix(".tsv"), *numbers)


def table(found: list[Job]) -> list[str]:
    """Markdown, the costliest rules first."""
    total = sum(job.seconds for job in found)
    rules: dict[str, list[Job]] = {}
    for job in found:
        rules.setdefault(job.rule, []).append(job)
    lines = ["| rule | jobs | seconds | share | MB at most |", "|---|---|---|---|---|"]
    for rule, own in sorted(rules.items(), key=lambda item: -sum(job.seconds for job in item[1])):
        seconds, memory = sum(job.seconds for job in own), max(job.memory for job in own)
        lines.append(f"| `{rule}` | {len(own)} | {seconds:.0f} | {100 * seconds / total:.1f} % | {memory:.0f} |")
    return [*lines, f"| all | {len(found)} | {total:.0f} | 100 % | |"]


def start_seconds() -> float:
    """What a job takes before its step begins: Python, torch, and what most steps import."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import invariscope.steps.train_classifier"], check=True)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description="Where the time of a run went.")
    parser.add_argument("--folder", type=Path, default=Path("benchmarks/jobs"))
    parser.add_argument("--wall", type=float, help="seconds of the whole run")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--start", action="store_true", help="measure what a job takes to begin")
    options = parser.parse_args()
    found = list(jobs(options.folder))
    if not found:
        sys.exit(f"error: {options.folder}: no tables of jobs; run the workflow first")
    print("\n".join(table(found)))
    if options.wall:
        room = options.cores * options.wall
        work = sum(job.seconds for job in found)
        print(f"\n{options.wall:.0f} s on {options.cores} cores: in {100 * (1 - work / room):.1f} % of it no job ran")
    if options.start:
        print(f"\nof each job {start_seconds():.1f} s pass before its step begins")


if __name__ == "__main__":
    main()
