"""Muon (Jordan et al. 2024) for matrices, convolutions' kernels among them, and AdamW for the rest."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

MOMENTUM, BETAS = 0.9, (0.9, 0.95)  # of Muon, of AdamW
Rated = list[tuple[torch.optim.Optimizer, float]]  # each with the peak of its learning rate


def muon_and_adam(
    matrices: Sequence[Tensor],
    others: Sequence[Tensor],
    matrix_learning_rate: float,
    learning_rate: float,
    weight_decay: float,
) -> Rated:
    """Optimisers of parameters, Muon only if there are matrices. Kernels must have been flattened."""
    adam = torch.optim.AdamW(others, weight_decay=weight_decay, betas=BETAS)
    muon = [torch.optim.Muon(matrices, weight_decay=weight_decay, momentum=MOMENTUM)] if matrices else []
    return [*((one, matrix_learning_rate) for one in muon), (adam, learning_rate)]


def step_at(optimisers: Rated, share: float) -> None:
    """A step of each, at a share of its peak learning rate."""
    for optimiser, peak in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = share * peak
        optimiser.step()


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
