"""Multi-dimensional scaling of filters, against scikit-learn's SMACOF with its defaults (300 iterations, eps 1e-6).

python benchmarks/mds.py [--points 1000 5000] [--device auto] [--output benchmarks/results/mds.json]

Ours runs from points to positions (distances and classical scaling included), the best of three; scikit-learn's once,
from distances that it is given, from a random start (its default) and from our start. Threads: INVARISCOPE_THREADS.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from sklearn.manifold import smacof as reference
from torch import Tensor

from invariscope.filter_gan.mds import classical_scaling, distances, scale
from invariscope.runtime import open_device, torch_generator

FILTERS, FEATURES, RATIO = 64, 288, 0.5  # real filters, weights of one, spread within over between filters
REPEATS = 3


def points_like_filters(count: int) -> Tensor:
    """(count, FEATURES): generated filters around real ones."""
    random = torch_generator(0, "benchmark", "mds")
    real = torch.randn(FILTERS, FEATURES, generator=random)
    return real[torch.arange(count) % FILTERS] + RATIO * torch.randn(count, FEATURES, generator=random)


def timed(call: Callable[[], Any], repeats: int, device: torch.device) -> tuple[float, Any]:
    """Least seconds of `repeats` calls, and what the last gave."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = call()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def rows(device: torch.device, points: Sequence[int] = (1000, 5000)) -> list[dict[str, Any]]:
    """Per number of points and start of the baseline: name, device, seconds, baseline, ratio, stress_1 of both."""
    scale(points_like_filters(500).to(device))  # warm-up
    found = []
    for count in points:
        cloud = points_like_filters(count).to(device)
        seconds, (_, stress) = timed(lambda cloud=cloud: scale(cloud), REPEATS, device)
        wanted = distances(cloud).cpu().numpy()
        for start, initial in (("random", None), ("classical", classical_scaling(cloud, 2).cpu().numpy())):
            baseline, (_, other, iterations) = timed(
                lambda wanted=wanted, initial=initial: reference(
                    wanted, init=initial, n_init=1, random_state=0, normalized_stress=True, return_n_iter=True
                ),
                1,
                torch.device("cpu"),
            )
            row = {"name": f"mds, {count} points, against scikit-learn from a {start} start", "device": str(device)}
            row |= {"seconds": seconds, "baseline": baseline, "ratio": baseline / seconds, "stress_1": stress}
            found.append(row | {"baseline_stress_1": float(other), "baseline_iterations": iterations})
            print(json.dumps(found[-1]), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Multi-dimensional scaling against scikit-learn.")
    parser.add_argument("--points", type=int, nargs="+", default=[1000, 5000])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/mds.json"))
    options = parser.parse_args()
    found = rows(open_device(options.device), options.points)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
