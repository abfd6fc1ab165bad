"""Filter banks to put into a layer: generated ones, and controls that no generator made."""

import copy

import torch
from torch import Tensor, nn

from invariscope.filter_gan.networks import Generator
from invariscope.runtime import seeded, torch_generator


@torch.no_grad()
def draw_banks(generator: Generator, count: int, seed: int) -> Tensor:
    """(count, C_out, C_in, k, k)"""
    random = torch_generator(seed, "banks")
    z = torch.randn(count, generator.latent_dimension, generator=random)
    return generator(z.to(generator.scale))


def rms_deviation(banks: Tensor, real: Tensor) -> float:
    """Root mean square over banks (B, C_out, ...) and weights of their difference from the real bank (C_out, ...)."""
    return float((banks - real).square().mean().sqrt())


def jittered(real: Tensor, generated: Tensor, seed: int) -> Tensor:
    """The real bank with Gaussian noise of exactly the root mean square that the generated banks deviate from it by."""
    noise = torch.randn(real.shape, generator=torch_generator(seed, "noise")).to(real.device)
    return real + noise * (rms_deviation(generated, real) / float(noise.square().mean().sqrt()))


def shuffled(real: Tensor, seed: int) -> Tensor:
    """The real filters, permuted over the output channels."""
    return real[torch.randperm(len(real), generator=torch_generator(seed, "order")).to(real.device)]


def fresh(convolution: nn.Conv2d, seed: int) -> Tensor:
    """Filters as torch initialises those of the convolution."""
    twin = copy.deepcopy(convolution).cpu()  # drawn on the CPU, numbers are the same on every device
    with seeded(torch.device("cpu"), seed, "fresh"):
        twin.reset_parameters()
    return twin.weight.detach().to(convolution.weight.device)
