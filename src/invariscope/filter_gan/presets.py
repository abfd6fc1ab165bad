"""What the presets of training come to: accuracy against spread, a point a checkpoint, beside plain noise.

The paper shows neither. Noise is the control that says what a spread is worth: real filters plus Gaussian noise keep
much accuracy too, since the input of a layer leaves many directions of its filters untouched.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.checkpoint import Checkpoint
from invariscope.data.table import Images
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.train import JUDGED, Run, train
from invariscope.filter_gan.train import UNITS as TRAINING_UNITS
from invariscope.runtime import torch_generator

NOISE = "noise"  # in place of a preset's name
UNITS = TRAINING_UNITS | {"noise": "standard deviations of the real weights"}
NOISE_LEVELS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4)  # standard deviations, over that of the real weights


def compare(
    classifier: nn.Module,
    path: str,
    configs: Mapping[str, FilterGanConfig],
    images: Images,
    held_out: Images,
    seed: int,
    checkpoint: Callable[[str], Checkpoint | None] = lambda name: None,
    label: str = "presets",
) -> list[dict[str, Any]]:
    """Train a filter-GAN with each of `configs`, from the same seed; rows of their histories, under `preset`."""
    rows: list[dict[str, Any]] = []
    for name, config in configs.items():
        kept = checkpoint(name)
        _, history = train(classifier, path, config, images, held_out, seed, kept, f"{label} {name}")
        rows += [{"preset": name} | row for row in history]
    return rows


def noise_rows(
    classifier: nn.Module, path: str, config: FilterGanConfig, images: Images, held_out: Images, seed: int
) -> list[dict[str, Any]]:
    """What real filters plus Gaussian noise of NOISE_LEVELS leave of accuracy, judged as generators are."""
    run = Run(classifier, path, config, images, held_out, seed)
    return [{"preset": NOISE, "noise": level} | run.monitor.judge(noisy(run, level, seed)) for level in NOISE_LEVELS]


def noisy(run: Run, level: float, seed: int) -> Callable[[Tensor], Tensor]:
    """A generator of real filters with noise of `level` standard deviations; a code only counts the draws."""
    real = run.layer.convolution.weight

    def banks(z: Tensor) -> Tensor:
        noise = torch.randn((len(z), *real.shape), generator=torch_generator(seed, "noise"))
        return real + level * real.std() * noise.to(real.device)

    return banks


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """The last checkpoint of each preset."""
    last = {row["preset"]: row for row in rows if row["preset"] != NOISE}
    return {name: {key: row[key] for key in JUDGED} for name, row in last.items()}
