"""Where and how torch computes: device, threads, determinism, random streams."""

import os
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch

from invariscope.errors import UserError
from invariscope.seeding import derive

Item = TypeVar("Item")
Result = TypeVar("Result")


def open_device(name: str) -> torch.device:
    """The device called `name` (`auto`: CUDA, else Apple's, else the CPU), with deterministic arithmetic switched on.

    On a machine with several GPUs `auto` takes one that no other job of ours holds.

    Sums over threads depend on their number, so it is fixed (INVARISCOPE_THREADS, 1 by default) rather than taken
    from the machine or from `--cores`: parallelism comes from running jobs side by side.

    Raises UserError if the device is not there.
    """
    torch.set_num_threads(_threads())
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    here = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    if name == "auto":
        kind = next(kind for kind, count in here.items() if count)
        name = f"cuda:{own_gpu()}" if here["cuda"] > 1 else kind
    names = [*(kind for kind, count in here.items() if count), *(f"cuda:{number}" for number in range(here["cuda"]))]
    if name not in names:
        raise UserError(f"params.yaml: device: {name!r} is not on this machine; use auto, {', '.join(names)}")
    return torch.device(name)


@cache
def own_gpu() -> int:
    """The number of a GPU that this process holds until it ends, told to others by a lock on a file named after it.

    Neither engine hands out GPUs. If every one is held, jobs share, spread by their process number.
    """
    import fcntl

    for number in range(torch.cuda.device_count()):
        lock = (
            Path(tempfile.gettempdir()) / f"invariscope-{os.getuid()}-{torch.cuda.get_device_properties(number).uuid}"
        )
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)  # never closed: the lock ends with the process
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number
        except BlockingIOError:
            os.close(descriptor)
    return os.getpid() % torch.cuda.device_count()


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU generator for the stream called `names`: drawn on the CPU, numbers are the same on every device."""
    return torch.Generator().manual_seed(derive(seed, *names))


@contextmanager
def seeded(device: torch.device, seed: int, *names: str | int) -> Iterator[None]:
    """Seed torch's global generators with the stream called `names` inside the block, and restore them after it.

    For code that takes no generator: the initialisation of layers, dropout.
    """
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(derive(seed, *names))
        yield


def side_by_side(function: Callable[[Item], Result], items: Iterable[Item], device: torch.device) -> Iterator[Result]:
    """`function` of every item, in order. On the CPU as many at once as torch has threads, each computed by one alone:
    a layer's last bits depend on the number of threads that share it, so these results do not. `items` are asked for
    here, one after the other, a few ahead."""
    threads = torch.get_num_threads() if device.type == "cpu" else 1
    if threads == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(threads)  # the number is the process's, though each thread goes by its own


def halving(function: Callable[[int], Result], size: int) -> Result:
    """`function` of `size`, how many images it takes at once; if a GPU's memory is too small for that, of half as many.

    For what does not depend on that number but in its last bits. Once: what needs still less is told by its parameter.
    """
    try:
        return function(size)
    except torch.OutOfMemoryError:  # of GPUs; on a CPU the same arithmetic comes before all
        if size < 2:
            raise
    torch.cuda.empty_cache()
    print(f"out of GPU memory with {size} images at once: going on with {size // 2}", file=sys.stderr)
    return function(size // 2)


def _threads() -> int:
    text = os.environ.get("INVARISCOPE_THREADS", "1")
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise UserError(f"INVARISCOPE_THREADS={text!r} is not a number of threads; use 1, 2, 3, ...")
    return int(text)
