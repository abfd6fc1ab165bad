"""Where gradients go on their way from an objective back to the latent code: norms and exact zeros, layer by layer.

The paper's ascent hardly moved, and it blames vanishing gradients (section 3.5). A gradient that vanishes shrinks from
layer to layer; behind a rectifier that is off it is exactly zero. Both are told apart here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from invariscope.features.latent_box import Decoder, images
from invariscope.features.objectives import Probe, modules_of
from invariscope.features.relus import LeakyGradients

LATENT, IMAGE = "latent code", "image"
DECODER, CLASSIFIER = "decoder", "classifier"


@dataclass(frozen=True)
class LayerGradient:
    """The gradients of N objectives with respect to what one layer gives."""

    network: str  # DECODER, CLASSIFIER, LATENT or IMAGE
    module: str  # path within the network
    kind: str  # its class
    norms: Tensor  # (N,) Euclidean, over all of the layer's output; the latent code's in sides of the box
    zeros: Tensor  # (N,) share that is exactly zero


def layer_gradients(
    decoder: Decoder, probe: Probe, points: Tensor, which: Tensor, slope: float = 0.0
) -> list[LayerGradient]:
    """From the latent code to the last layer that objectives `which` (N,) need, at points (N, d) of the box."""
    outputs: list[Output] = []
    points = points.detach().requires_grad_()
    with torch.enable_grad(), LeakyGradients(slope):
        outputs.append(Output(LATENT, "", "", points))
        with listened(decoder, DECODER, outputs):
            pictures = images(decoder, points)
        outputs.append(Output(IMAGE, "", "", pictures))
        with listened(probe.model, CLASSIFIER, outputs):
            values = probe.of(pictures, which)
    gradients = torch.autograd.grad(values.sum(), [output.tensor for output in outputs], allow_unused=True)
    return [
        LayerGradient(output.network, output.module, output.kind, *_measured(gradient))
        for output, gradient in zip(outputs, gradients, strict=True)
        if gradient is not None
    ]


class Output(NamedTuple):
    """What a layer gave."""

    network: str
    module: str
    kind: str
    tensor: Tensor


@contextmanager
def listened(model: Any, network: str, outputs: list[Output]) -> Iterator[None]:
    """Append to `outputs` what every leaf module gives inside the block, in the order in which they run."""
    modules = modules_of(model) if isinstance(model, nn.Module) else {}
    handles = [
        module.register_forward_hook(_listener(network, name, outputs))
        for name, module in modules.items()
        if not any(module.children())
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _listener(network: str, name: str, outputs: list[Output]) -> Callable[..., Tensor]:
    def hook(module: nn.Module, _: Any, output: Tensor) -> Tensor:
        outputs.append(Output(network, name, type(module).__name__, output))
        return output.clone()  # which a layer that works in place may change

    return hook


def _measured(gradient: Tensor) -> tuple[Tensor, Tensor]:
    flat = gradient.detach().flatten(1).cpu()
    return flat.norm(dim=1), (flat == 0).double().mean(1)
