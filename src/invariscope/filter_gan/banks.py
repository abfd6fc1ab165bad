"""Filter banks to put into a layer: generated ones, and controls that no generator made."""

import copy

import torch
from torch import Tensor, nn

from invariscope.filter_gan.networks import Generator
from invariscope.runtime import seeded, torch_generator

DRAWN = 256  # banks that a spread is measured on


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


class RandomBanks(nn.Module):
    """A control of a generator, which can stand in its place: codes (N, d) move the real bank along random directions,
    by as much as generated banks spread about their mean (root mean square). Nothing is learned."""

    real: Tensor  # (C_out, C_in, k, k)
    scale: Tensor
    directions: Tensor  # (d, C_out, C_in, k, k)

    def __init__(self, generator: Generator, real: Tensor, seed: int) -> None:
        super().__init__()
        self.latent_dimension = generator.latent_dimension
        directions = torch.randn(self.latent_dimension, *real.shape, generator=torch_generator(seed, "directions"))
        directions = directions.to(real.device)
        banks = draw_banks(generator, DRAWN, seed)
        spread = rms_deviation(banks, banks.mean(dim=0))
        size = float(directions.square().sum(dim=0).mean().sqrt())  # of the change that a random code makes
        self.register_buffer("real", real)
        self.register_buffer("directions", directions * (spread / size))
        self.register_buffer("scale", generator.scale)

    def forward(self, z: Tensor) -> Tensor:
        """(N, C_out, C_in, k, k)"""
        return self.real + torch.einsum("nd,d...->n...", z, self.directions)
