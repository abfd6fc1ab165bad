"""Convolutions' kernels as matrices, which is what Muon (Jordan et al. 2024) takes."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize


def flatten_kernels(network: nn.Module) -> None:
    """Kernels become matrices, until `restore_kernels`."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            is_transposed = isinstance(module, nn.ConvTranspose2d)
            parametrize.register_parametrization(module, "weight", _Kernel(module.weight.shape, is_transposed))


def restore_kernels(network: nn.Module) -> None:
    for module in list(network.modules()):
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")


class _Kernel(nn.Module):
    """A convolution's kernels as one matrix (C_out, C_in * k * k); a transposed one keeps C_in first."""

    def __init__(self, shape: torch.Size, is_transposed: bool) -> None:
        super().__init__()
        self.is_transposed = is_transposed
        self.shape = (shape[1], shape[0], *shape[2:]) if is_transposed else tuple(shape)

    def forward(self, matrix: Tensor) -> Tensor:
        kernels = matrix.view(self.shape)
        return kernels.transpose(0, 1) if self.is_transposed else kernels

    def right_inverse(self, kernels: Tensor) -> Tensor:
        return (kernels.transpose(0, 1) if self.is_transposed else kernels).flatten(1)
