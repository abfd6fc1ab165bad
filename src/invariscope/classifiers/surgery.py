"""Run a network with one convolution's filters replaced, by a different bank for every image if wanted.

Works on any `nn.Module`: `model` is what is called with images (a Classifier, say), `convolution` a layer within it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.errors import UserError


class _Reached(Exception):
    """The forward pass has come to the layer; nothing after it need run."""


def find_convolution(network: nn.Module, path: str) -> nn.Conv2d:
    """The Conv2d at a module path. Raises UserError if there is none there, or if it is a grouped one."""
    modules = dict(network.named_modules())
    convolution = modules.get(path)
    if not isinstance(convolution, nn.Conv2d):
        present = ", ".join(name for name, module in modules.items() if isinstance(module, nn.Conv2d))
        raise UserError(f"layer {path!r}: is not a Conv2d of the network; its Conv2d layers are {present or 'none'}")
    if convolution.groups != 1:
        plain = [name for name, module in modules.items() if isinstance(module, nn.Conv2d) and module.groups == 1]
        raise UserError(
            f"layer {path!r}: has {convolution.groups} groups; name a plain convolution (groups=1): {', '.join(plain)}"
        )
    return convolution


def convolve_banks(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    """Convolve x (N, C_in, H, W), every image with its own bank of banks (N, C_out, C_in, k, k).

    Stride, padding, dilation and bias are those of `convolution`.
    """
    return BANK_METHODS[fastest_method(x, banks, convolution)](x, banks, convolution)


def fastest_method(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> str:
    """The name in BANK_METHODS of the faster one, by layer and device and never by the size of the batch.

    On the CPU a grouped convolution rearranges every bank (C_in k² C_out numbers) and the matrix product every patch
    (C_in k² for a position of the output), so it is decided by C_out against positions. Milliseconds of one thread's
    processor time (AVX2), forward and backward to the banks of 32 images, grouped / matrix: 32 -> 64 channels at 7x7 px
    4.8 / 5.3, 64 -> 64 at 8x8 11.3 / 13.5, 64 -> 128 at 16x16 55 / 66, 64 -> 128 at 8x8 25 / 24, 128 -> 256 at 8x8
    161 / 82, 256 -> 512 at 4x4 462 / 186. Elsewhere (CUDA, MPS) grouped is taken unmeasured;
    `benchmarks/filter_gan.py` times both in a training step.
    """
    height, width = output_size(x, convolution)
    wide = banks.shape[1] >= 2 * height * width
    return "matrix" if x.device.type == "cpu" and wide else "grouped"


def convolve_grouped(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    """`convolve_banks` as one convolution with a group an image.

    A batch of one is no grouped convolution, and may differ in the last bits from the same image in a larger batch.
    """
    images, outputs = banks.shape[:2]
    x, padding = _padded(x, convolution)
    y = F.conv2d(
        x.reshape(1, -1, *x.shape[2:]),  # (1, N*C_in, H, W)
        banks.flatten(0, 1),  # (N*C_out, C_in, k, k)
        stride=convolution.stride,
        padding=padding,
        dilation=convolution.dilation,
        groups=images,
    )
    return _biased(y.reshape(images, outputs, *y.shape[2:]), convolution)


def convolve_matrix(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    """`convolve_banks` as one batched product of banks and unfolded patches."""
    size = output_size(x, convolution)
    x, padding = _padded(x, convolution)
    if isinstance(padding, str):  # unfold knows only widths that are alike on both sides
        x, padding = F.pad(x, _pad_widths(convolution)), 0
    patches = F.unfold(x, convolution.kernel_size, convolution.dilation, padding, convolution.stride)
    y = torch.bmm(banks.flatten(2), patches)  # (N, C_out, C_in*k*k) x (N, C_in*k*k, positions)
    return _biased(y.unflatten(2, size), convolution)


BANK_METHODS: dict[str, Callable[[Tensor, Tensor, nn.Conv2d], Tensor]] = {
    "grouped": convolve_grouped,
    "matrix": convolve_matrix,
}


def output_size(x: Tensor, convolution: nn.Conv2d) -> tuple[int, int]:
    """Height and width of the convolution's output for x (N, C, H, W)."""
    left, right, top, bottom = _pad_widths(convolution)
    padded = (x.shape[2] + top + bottom, x.shape[3] + left + right)
    reach = [step * (side - 1) for step, side in zip(convolution.dilation, convolution.kernel_size, strict=True)]
    height, width = (
        (side - far - 1) // stride + 1 for side, far, stride in zip(padded, reach, convolution.stride, strict=True)
    )
    return height, width


def convolve_bank(x: Tensor, bank: Tensor, convolution: nn.Conv2d) -> Tensor:
    """Convolve all images x (N, C_in, H, W) with one bank (C_out, C_in, k, k)."""
    x, padding = _padded(x, convolution)
    y = F.conv2d(x, bank, stride=convolution.stride, padding=padding, dilation=convolution.dilation)
    return _biased(y, convolution)


def convolve_all(x: Tensor, banks: Tensor, convolution: nn.Conv2d) -> Tensor:
    """Convolve every image of x (N, C_in, H, W) with every one of banks (B, C_out, C_in, k, k): (N, B, C_out, H', W').

    All banks go through as one convolution with B*C_out output channels.
    """
    x, padding = _padded(x, convolution)
    weight = banks.flatten(0, 1)  # (B*C_out, C_in, k, k)
    y = F.conv2d(x, weight, stride=convolution.stride, padding=padding, dilation=convolution.dilation)
    return _biased(y.unflatten(1, banks.shape[:2]), convolution)


def _padded(x: Tensor, convolution: nn.Conv2d) -> tuple[Tensor, Any]:
    """x, and the padding left for the convolution: it pads with zeros only, other modes come before it."""
    if convolution.padding_mode == "zeros":
        return x, convolution.padding
    return F.pad(x, _pad_widths(convolution), mode=convolution.padding_mode), 0


def _pad_widths(convolution: nn.Conv2d) -> list[int]:
    """(left, right, top, bottom), in the order of F.pad."""
    if convolution.padding == "valid":
        return [0, 0, 0, 0]
    widths: list[int] = []
    for axis in (1, 0):
        if convolution.padding == "same":
            total = convolution.dilation[axis] * (convolution.kernel_size[axis] - 1)
            widths += [total // 2, total - total // 2]
        else:
            widths += [int(convolution.padding[axis])] * 2
    return widths


def _biased(y: Tensor, convolution: nn.Conv2d) -> Tensor:
    """y (..., C_out, H, W) with the convolution's bias, if it has one."""
    return y if convolution.bias is None else y + convolution.bias.view(-1, 1, 1)


def layer_input(model: nn.Module, layer: nn.Module, x: Tensor) -> Tensor:
    """What `layer` is given when `model` sees x. The forward pass stops there; gradients reach x.

    Raises UserError if the model never calls the layer.
    """
    caught: list[Tensor] = []

    def catch(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        caught.append(inputs[0])
        raise _Reached

    handle = layer.register_forward_pre_hook(catch)
    try:
        model(x)
    except _Reached:
        pass
    finally:
        handle.remove()
    if not caught:
        raise UserError("the network never runs the layer on an image; name another layer")
    return caught[0]


@contextmanager
def replaced_output(layer: nn.Module, replacement: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Inside the block `layer` gives replacement(its input)."""
    handle = layer.register_forward_hook(lambda _, inputs, output: replacement(inputs[0]))
    try:
        yield
    finally:
        handle.remove()


def run_with_banks(model: nn.Module, convolution: nn.Conv2d, x: Tensor, banks: Tensor) -> Tensor:
    """The model's output for x (N, C, H, W) with every image's own bank in place of the convolution's filters."""
    with replaced_output(convolution, lambda inputs: convolve_banks(inputs, banks, convolution)):
        return model(x)
