"""Progress of long loops: a bar on a terminal, a line a minute with the time left in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
SECONDS_BETWEEN_LINES = 60.0


def track(items: Iterable[Item], label: str, total: int, done: int = 0) -> Iterator[Item]:
    """Yield `items`, reporting on stderr. `done` items were finished by an earlier, interrupted run."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, initial=done)
        return
    start = last = time.monotonic()
    for count, item in enumerate(items, start=done + 1):
        yield item
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES or count == total:
            last = now
            left = (now - start) / (count - done) * (total - count)
            times = f"{now - start:.0f} s, about {left:.0f} s left"
            print(f"{label}: {count}/{total}, {times}", file=sys.stderr, flush=True)
