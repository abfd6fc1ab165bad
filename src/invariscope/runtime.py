"""Where and how torch computes: device, threads, determinism, random streams."""

import os

import torch

from invariscope.errors import UserError
from invariscope.seeding import derive


def open_device(name: str) -> torch.device:
    """The device called `name` (`auto`: CUDA, else Apple's, else the CPU), with deterministic arithmetic switched on.

    Sums over threads depend on their number, so it is fixed (INVARISCOPE_THREADS, 1 by default) rather than taken
    from the machine or from `--cores`: parallelism comes from running jobs side by side.

    Raises UserError if the device is not there.
    """
    torch.set_num_threads(_threads())
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = name.partition(":")
    count = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}.get(kind, 0)
    if int(index or 0) >= count:
        raise UserError(f"params.yaml: device: {name!r} is not on this machine; use auto, cpu, or one of its {count} {kind}")
    return torch.device(name)


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU generator for the stream called `names`: drawn on the CPU, numbers are the same on every device."""
    return torch.Generator().manual_seed(derive(seed, *names))


def _threads() -> int:
    text = os.environ.get("INVARISCOPE_THREADS", "1")
    if not text.isdigit() or int(text) < 1:
        raise UserError(f"INVARISCOPE_THREADS={text!r} is not a number of threads; use 1, 2, 3, ...")
    return int(text)
