"""Gradients that pass rectifiers which are off, so that an ascent can leave where every gradient is exactly zero.

What is computed stays as it is; only backwards a rectifier that is off lets the share `slope` through (our choice,
after the redirected ReLU of Olah et al. 2017, who use it in the first steps of an optimisation).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

RELUS = (F.relu, torch.relu, Tensor.relu)  # nn.ReLU calls the first of them


class _LeakyBackwards(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        ctx.save_for_backward(x > 0)
        ctx.slope = slope
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (on,) = ctx.saved_tensors
        return torch.where(on, gradient, ctx.slope * gradient), None


class LeakyGradients(TorchFunctionMode):
    """Inside the block every rectifier (nn.ReLU, relu functions; nn.ReLU in place too) has a leaky gradient."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in RELUS and self.slope:
            return _LeakyBackwards.apply((args or (kwargs["input"],))[0], self.slope)
        return func(*args, **(kwargs or {}))
