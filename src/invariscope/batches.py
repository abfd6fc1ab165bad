"""Training batches: every image once in turn, in an order that every turn draws anew."""

import numpy as np
import torch
from torch import Tensor

from invariscope.runtime import torch_generator


def in_turn(first: int, count: int, total: int, seed: int) -> np.ndarray:
    """Places (count,) of `total` images, from the `first` draw on: each once in turn, every turn in a new order."""
    draws = np.arange(first, first + count)
    chosen = np.empty(count, np.int64)
    for turn in np.unique(draws // total):
        order = torch.randperm(total, generator=torch_generator(seed, "order", int(turn))).numpy()
        here = draws // total == turn
        chosen[here] = order[draws[here] % total]
    return chosen


def batch_of(pixels: Tensor, iteration: int, size: int, seed: int, device: torch.device) -> Tensor:
    """Images (size, C, H, W) in [0, 1] of pixels (N, C, H, W) uint8, on the device, channels last."""
    chosen = torch.from_numpy(in_turn(iteration * size, size, len(pixels), seed))
    return pixels[chosen].to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
