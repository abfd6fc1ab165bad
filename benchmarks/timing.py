"""What the benchmarks share: cases timed in turn on one device, and rows that hold each against a baseline."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from invariscope.files import write_json

RESULTS = Path(__file__).parent / "results"
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Time:
    """Seconds of the clock, and of the processor over all threads."""

    wall: float
    cpu: float


def interleaved(cases: Mapping[str, Callable[[], object]], repeats: int, device: torch.device) -> dict[str, Time]:
    """Median times of each case over `repeats` rounds, every round beginning with another case."""
    found: dict[str, list[Time]] = {name: [] for name in cases}
    names = list(cases)
    for turn in range(repeats + 1):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            taken = elapsed(cases[name], device)
            if turn:  # the first round warms up
                found[name].append(taken)
    return {
        name: Time(statistics.median(time.wall for time in times), statistics.median(time.cpu for time in times))
        for name, times in found.items()
    }


def elapsed(case: Callable[[], object], device: torch.device) -> Time:
    synchronise(device)
    wall, cpu = time.perf_counter(), time.process_time()
    case()
    synchronise(device)
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def compared(title: str, times: Mapping[str, Time], baseline: str, repeats: int, device: torch.device) -> Rows:
    """A row for each case, held against one of them."""
    reference = times[baseline]
    return [
        {
            "name": f"{title}: {name}",
            "device": described(device),
            "threads": torch.get_num_threads(),
            "seconds": taken.wall,
            "repeats": repeats,
            "baseline": baseline,
            "baseline_seconds": reference.wall,
            "ratio": reference.wall / taken.wall,
            "cpu_seconds": taken.cpu,
            "cpu_ratio": reference.cpu / taken.cpu,
        }
        for name, taken in times.items()
    ]


def described(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def line(row: Mapping[str, Any]) -> str:
    text = f"{row['name']:<82} {1e3 * row['seconds']:>10.2f} ms {row['ratio']:>7.2f} x"
    if "cpu_ratio" in row:
        text += f"  (CPU {1e3 * row['cpu_seconds']:>9.2f} ms {row['cpu_ratio']:>6.2f} x)"
    return f"{text}  {row['baseline']}"


def report(name: str, rows: Iterable[dict[str, Any]], device: torch.device) -> None:
    """Print the rows as they come, then save them."""
    print(f"{described(device)}, {torch.get_num_threads()} threads, torch {torch.__version__}; medians, interleaved")
    found = []
    for row in rows:
        print(line(row), flush=True)
        found.append(row)
    path = RESULTS / f"{name}_{device.type}_{torch.get_num_threads()}.json"
    write_json(path, {"torch": torch.__version__, "rows": found})
    print(f"saved: {path}", file=sys.stderr)
