"""How many GPUs this machine offers, without importing torch."""

import os
from pathlib import Path

DEVICES = Path("/dev")


def count_gpus() -> int:
    """CUDA devices that a job would see: those of CUDA_VISIBLE_DEVICES if it is set, else the machine's."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = len([path for path in DEVICES.glob("nvidia[0-9]*") if path.name[len("nvidia") :].isdigit()])
    if visible is None:
        return devices
    names = [name.strip() for name in visible.split(",")]
    known = [name for name in names if name and name not in ("-1", "NoDevFiles", "none", "void")]
    return min(len(known), devices) if devices else 0
