"""How much generated filters vary: in the space of the weights, and in that of the activations that they cause.

The two differ: weights may vary freely along directions in which the layer's input never points, and no activation
tells. So both are reported, and it is the activations that training holds apart.
"""

import torch
from torch import Tensor

SAMPLES = 64  # latent codes for a standard deviation
NONE = 1e-12  # relative variance taken as none: the root has no slope at 0


def weight_spread(banks: Tensor, real: Tensor) -> float:
    """Mean over the weights of their standard deviation over banks (S, C_out, C_in, k, k), over that of the real bank.

    0: the generator ignores its code; 1: a weight varies over codes as much as real weights do over the layer.
    """
    return float(banks.std(0).mean() / real.std())


def channel_variance(activations: Tensor) -> Tensor:
    """Variance of activations (N, C, H, W) over images and positions, averaged over the channels: what a spread of
    activations is measured against."""
    return activations.var((0, 2, 3)).mean()


def activation_spread(activations: Tensor, variance: Tensor) -> Tensor:
    """Root mean square deviation over codes of activations (S, ..., C, H, W) of the same images, over variance's root.

    0: all codes give the same activations; 1: they differ as much as the activations of different images do.
    """
    return (activations.var(0).mean() / variance).clamp_min(NONE).sqrt()


def spread_ratio(banks: Tensor) -> float:
    """Within-filter over between-filter spread of banks (S, C_out, ...), Euclidean, in the space of the filters.

    Within: root mean square distance of a filter's samples to their mean. Between: of these means to the mean of all.
    Denominators are S - 1 and C_out - 1.
    """
    filters = banks.flatten(2)  # (S, C_out, C_in*k*k)
    samples, count = filters.shape[:2]
    means = filters.mean(0)
    within = (filters - means).square().sum() / (count * (samples - 1))
    between = (means - means.mean(0)).square().sum() / (count - 1)
    return float(torch.sqrt(within / between))
