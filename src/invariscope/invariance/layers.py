"""What the layers of a network make of images: all that are asked for, in one forward pass."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from invariscope.classifiers.split import activation_after
from invariscope.errors import UserError
from invariscope.features.objectives import Hook, Reached, modules_of, output_shapes, run_hooked


def layers_at(model: nn.Module, names: Sequence[str], shape: Sequence[int]) -> dict[str, nn.Module]:
    """The layers called `names`, as objectives call them (`class` is the output of the whole), for images (C, H, W).

    Raises UserError for a name that is not there, or a layer that does not run once and give (N, C) or (N, C, H, W).
    """
    modules = modules_of(model)
    for name in names:
        if name not in modules:
            raise UserError(f"layer {name!r}: is not in the network; there are {', '.join(modules)}")
    layers = {name: modules[name] for name in names}
    output_shapes(model, layers, shape)
    return layers


def activations(model: nn.Module, layers: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """Each layer's own normalisation and activation, for `read_layers`; the identity where none is known."""
    return {name: activation_after(model, layer) for name, layer in layers.items()}


@torch.no_grad()
def read_layers(
    model: nn.Module, layers: Mapping[str, nn.Module], x: Tensor, after: Mapping[str, nn.Module] | None = None
) -> dict[str, Tensor]:
    """What each layer gives when the model sees x (N, C, H, W), or what `after` makes of that. No gradients.

    The forward pass ends at the last layer that is asked for.
    """
    read: dict[str, Tensor] = {}

    def reader(name: str) -> Hook:
        def hook(_: nn.Module, __: object, output: Tensor) -> None:
            read[name] = after[name](output) if after else output
            read[name] = read[name].clone()  # what follows may work in place
            if len(read) == len(layers):
                raise Reached

        return hook

    run_hooked(model, x, {layer: reader(name) for name, layer in layers.items()})
    return {name: read[name] for name in layers}


def place_of(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Where a model computes and in which precision: those of its first parameter or buffer."""
    tensors = (tensor for named in (model.parameters(), model.buffers()) for tensor in named)
    tensor = next((tensor for tensor in tensors if tensor.is_floating_point()), torch.zeros(()))
    return tensor.device, tensor.dtype
