"""A network that was built elsewhere is tried on black images before anything long begins."""

import copy

import torch
from torch import Tensor, nn

from invariscope.errors import UserError, told


def require_logits(network: nn.Module, channels: int, size: int, classes: int) -> None:
    """Raises UserError unless the network, in eval mode, gives logits (1, classes) of an image (1, C, size, size)."""
    mode = network.training
    shape, logits = (1, channels, size, size), None
    try:
        with torch.no_grad():
            logits = network.eval()(torch.zeros(shape))
    except Exception as error:  # whatever the network raises
        advice = "set data.size, data.channels or its `arguments` to what fits"
        raise UserError(f"cannot take images of shape {shape}: {told(error)}; {advice}") from None
    network.train(mode)  # first, because a lazy layer has no parameters before it has run
    if next(network.parameters(), None) is None:
        raise UserError("has no parameters; a network that learns nothing has no invariance to find")
    _require_shape(logits, (1, classes), shape)


def require_training(network: nn.Module, channels: int, size: int, classes: int) -> None:
    """Raises UserError unless a copy of the network, in train mode, gives logits that a gradient can pass."""
    shape = (2, channels, size, size)
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise UserError("all its parameters are frozen; leave `training` out, or thaw some (requires_grad)")
    try:
        logits = copy.deepcopy(network).train()(torch.zeros(shape))
    except Exception as error:
        raise UserError(f"cannot be trained on images of shape {shape}: {told(error)}") from None
    _require_shape(logits, (2, classes), shape, " in train mode")
    if not logits.requires_grad:
        raise UserError("gives logits that no gradient can pass; leave `training` out, or mend its forward")


def fastest_layout(network: nn.Module, channels: int, size: int) -> torch.memory_format:
    """Channels last, where the network runs so (one with `.view` may not); it is left in the layout that is returned.

    Half the time of an evaluation on one CPU thread, a fifth less of a training.
    """
    mode = network.training
    device = next(network.parameters()).device
    layout = torch.channels_last
    try:
        with torch.no_grad():
            network.eval().to(memory_format=layout)(torch.zeros(1, channels, size, size, device=device))
    except Exception:  # it is known to run otherwise
        layout = torch.contiguous_format
        network.to(memory_format=layout)
    network.train(mode)
    return layout


def _require_shape(logits: object, expected: tuple[int, int], shape: tuple[int, ...], mode: str = "") -> None:
    if not isinstance(logits, Tensor):
        what = type(logits).__name__
        raise UserError(f"gives a {what}{mode}; it must give logits {expected} of images {shape}, and nothing else")
    if logits.shape != expected:
        own = tuple(logits.shape)
        advice = ""
        if own[:1] == expected[:1] and len(own) == 2:
            counts = f"{own[1]} outputs and {expected[1]} classes"
            advice = f": {counts}; mend the network, or say what its outputs are with data.classes"
        raise UserError(f"gives {own}{mode} of images {shape}, not {expected}{advice}")
    if not logits.is_floating_point():
        raise UserError(f"gives {logits.dtype} numbers{mode}; logits are floating-point")
