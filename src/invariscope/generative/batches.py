"""Training batches: every image once in turn, in an order that every turn draws anew."""

import numpy as np
import torch
from torch import Tensor

from invariscope.runtime import torch_generator


def batch_of(pixels: Tensor, iteration: int, size: int, seed: int, device: torch.device) -> Tensor:
    """Images (size, C, H, W) in [0, 1] of pixels (N, C, H, W) uint8, on the device, channels last."""
    count = len(pixels)
    places = np.arange(iteration * size, (iteration + 1) * size)
    chosen = torch.empty(size, dtype=torch.long)
    for turn in np.unique(places // count):
        order = torch.randperm(count, generator=torch_generator(seed, "order", int(turn)))
        here = places // count == turn
        chosen[torch.from_numpy(here)] = order[torch.from_numpy(places[here] % count)]
    return pixels[chosen].to(device).float().div_(255).contiguous(memory_format=torch.channels_last)
