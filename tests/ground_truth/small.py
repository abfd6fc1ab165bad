"""A study of twins that takes seconds: digits of 12 px that turn, or do not."""

from pathlib import Path
from typing import Any

from invariscope.data.procedural_digits import draw
from invariscope.data.table import Images
from invariscope.ground_truth.config import HeldFactor, Probe, Twins

DATA: dict[str, Any] = {
    "source": "procedural_digits",
    "train": 1500,
    "test": 200,
    "size": 12,
    "factors": {"rotation": [-80, 80], "thickness": [2, 4], "slant": 0, "wobble": 0.2, "intensity": [0.3, 1.0]},
}
BLOCK: dict[str, Any] = {
    "architecture": "five_conv",
    "widths": [6, 8, 8, 8, 8],
    "pool_after": [2, 4],
    "batch_norm": True,
    "training": {"epochs": 4, "batch_size": 50, "learning_rate": 8e-3},
}
FACTORS = {
    "rotation": HeldFactor(0.0, "rotation"),
    "thickness": HeldFactor(3.0),
    "intensity": HeldFactor(1.0, "contrast"),
}
TWINS = Twins("net", FACTORS, seeds=2)
PROBE = Probe(("conv2", "conv4"), images=60, values=5, lie_images=20, rate=0.05)
GRIDS = {"rotation": [-180, -120, -90, -60, -30, 0, 30, 60, 90, 120, 180], "contrast": [0, 0.25, 0.5, 1, 2]}


def asked_images() -> Images:
    return draw(DATA, 0, Path())["test"]
