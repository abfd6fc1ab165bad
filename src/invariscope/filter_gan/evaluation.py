"""Accuracy of a network with other banks in one layer; what is below that layer is computed once."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from invariscope.classifiers.split import Split, split_at
from invariscope.classifiers.surgery import convolve_all, find_convolution
from invariscope.data.table import Images

BLOCK = 250  # images at once; fixed, because the last bits of a convolution depend on the shape of its batch
KEPT = 2**30  # bytes of convolutions that are kept rather than computed again

# What a network makes of the layer's convolutions (N, B, C_out, H, W) and of what is below: logits (N, classes).
Reading = Callable[[Split, Tensor, tuple[Tensor, ...]], Tensor]


@dataclass(frozen=True)
class Layer:
    """One convolution of a classifier, with the network cut there."""

    classifier: nn.Module
    convolution: nn.Conv2d
    split: Split


@dataclass(frozen=True)
class Cached:
    """Images as the layer meets them."""

    below: tuple[Tensor, ...]  # each (N, ...): the layer's input first
    labels: Tensor  # (N,)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, chosen: Tensor | slice) -> tuple[Tensor, ...]:
        return tuple(value[chosen] for value in self.below)


@dataclass(frozen=True)
class Convolved:
    """Images convolved with every one of some banks, when they are asked for or, `kept`, once for all."""

    layer: Layer
    banks: Tensor  # (B, C_out, C_in, k, k)
    images: Cached
    values: Tensor | None = None  # (N, B, C_out, H, W)

    @torch.no_grad()
    def batch(self, chosen: Tensor | slice) -> Tensor:
        """(n, B, C_out, H, W)"""
        if self.values is not None:
            return self.values[chosen]
        return convolve_all(self.images.below[0][chosen], self.banks, self.layer.convolution)

    def blocks(self) -> list[slice]:
        """All images, as many at once as make BLOCK convolutions."""
        size = max(1, BLOCK // len(self.banks))
        return [slice(start, start + size) for start in range(0, len(self.images), size)]

    def kept(self, limit: int = KEPT) -> "Convolved":
        """With its values, if they take no more than `limit` bytes."""
        one = self.batch(slice(0, 1))
        if one.nbytes * len(self.images) > limit:
            return self
        banks = len(self.banks)
        # Measured: what follows one bank runs faster in a network's own layout, what follows many in the common one.
        layout = torch.channels_last if banks == 1 else torch.contiguous_format
        shape = (len(self.images) * banks, *one.shape[2:])
        values = torch.empty(shape, dtype=one.dtype, device=one.device, memory_format=layout).unflatten(0, (-1, banks))
        for block in self.blocks():
            values[block] = self.batch(block)
        return replace(self, values=values)


def open_layer(classifier: nn.Module, path: str, images: Images, device: torch.device) -> Layer:
    """Find the convolution at `path` of classifier.network and cut there. Raises UserError if that cannot be."""
    convolution = find_convolution(classifier.network, path)  # type: ignore[arg-type]
    example = torch.from_numpy(images.pixels[:2]).to(device).float().div_(255)
    return Layer(classifier, convolution, split_at(classifier, convolution, example))


@torch.no_grad()
def cache_below(layer: Layer, images: Images, device: torch.device) -> Cached:
    """Everything below the layer, once for all images."""
    blocks = []
    for start in range(0, len(images), BLOCK):
        pixels = torch.from_numpy(images.pixels[start : start + BLOCK]).to(device)
        blocks.append(layer.split.below(pixels.float().div_(255)))
    below = tuple(torch.cat(values) for values in zip(*blocks, strict=True))
    return Cached(below, torch.tensor(images.labels, device=device))


def plain(rest: Split, convolved: Tensor, below: tuple[Tensor, ...]) -> Tensor:
    """The network as it is, for a single bank."""
    return rest(convolved.squeeze(1), *below)


@torch.no_grad()
def accuracy(rest: Split, reading: Reading, convolved: Convolved) -> float:
    """Share of the images classified rightly by `rest`, which follows the layer."""
    images, right = convolved.images, 0
    for block in convolved.blocks():
        logits = reading(rest, convolved.batch(block), images.batch(block))
        right += int((logits.argmax(1) == images.labels[block]).sum())
    return right / len(images)


def bank_accuracy(layer: Layer, rest: Split, bank: Tensor, images: Cached) -> float:
    """Share of images classified rightly with `bank` (C_out, C_in, k, k) in the layer and `rest` after it."""
    return accuracy(rest, plain, Convolved(layer, bank[None], images))
