"""Codes that an autoencoder gives to the images of a data set, block by block."""

import numpy as np
import torch
from torch import Tensor

from invariscope.data.table import ImageSet
from invariscope.generative.networks import Coder

BLOCK = 200  # images at once


@torch.inference_mode()
def codes_of(autoencoder: Coder, images: ImageSet) -> Tensor:
    """(N, d), on the autoencoder's device."""
    codes = []
    for start in range(0, len(images), BLOCK):
        x = images.at(np.arange(start, min(start + BLOCK, len(images)))).tensors()[0]
        codes.append(autoencoder.encode(x.to(autoencoder.low.device)))
    return torch.cat(codes)
