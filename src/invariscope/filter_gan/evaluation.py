"""Accuracy of a network with another bank in one layer; what is below that layer is computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from invariscope.classifiers.split import Split, split_at
from invariscope.classifiers.surgery import convolve_bank, find_convolution
from invariscope.data.table import Images

BLOCK = 250  # images at once; fixed, because the last bits of a convolution depend on the shape of its batch


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


@torch.no_grad()
def bank_accuracy(layer: Layer, rest: Split, bank: Tensor, images: Cached) -> float:
    """Share of images classified rightly with `bank` (C_out, C_in, k, k) in the layer and `rest` after it."""
    right = 0
    for start in range(0, len(images), BLOCK):
        below = images.batch(slice(start, start + BLOCK))
        logits = rest(convolve_bank(below[0], bank, layer.convolution), *below)
        right += int((logits.argmax(1) == images.labels[start : start + BLOCK]).sum())
    return right / len(images)
