"""The mirror image of a classifier (paper 004, "Locating objects in images with deconvolution"; Noh et al. 2015).

From its end to its beginning: an unpooling for every max-pooling, a deconvolution with batch norm and ReLU for every
convolution, and at the image's size a 1x1 convolution that reads a label off every pixel, as Noh et al. have it.
The switches tell where in its window each maximum was. The control without them puts every value into the upper left
of its window, and is the very same network otherwise.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from invariscope.classifiers.model_file import Classifier
from invariscope.errors import UserError

ADVICE = "it must be a chain of convolutions and max-poolings, as five_conv, five_conv_dense and alexnet are"
PASSED = (nn.BatchNorm2d, nn.ReLU, nn.Dropout, nn.Dropout2d, nn.Identity)  # have no mirror of their own


@dataclass(frozen=True)
class Layer:
    """A convolution or a pooling of the classifier."""

    kind: Literal["convolution", "pooling"]
    name: str
    inputs: int  # channels
    outputs: int
    size: int  # px of the map that it takes
    kernel: int
    stride: int
    padding: int

    @property
    def reduced(self) -> int:
        """Size of the map that it makes, px."""
        return (self.size + 2 * self.padding - self.kernel) // self.stride + 1


@dataclass(frozen=True)
class Chain:
    """The layers of a classifier up to where its maps are flattened."""

    classifier: Classifier
    modules: tuple[nn.Module, ...]
    layers: tuple[Layer, ...]

    @torch.no_grad()
    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Images (N, C, H, W) -> the last maps, and the switches of each pooling: where in its input a maximum was.

        Raises UserError for images of another shape than those that the classifier was trained on.
        """
        classifier = self.classifier
        if x.shape[1:] != (classifier.channels, classifier.size, classifier.size):
            raise UserError(f"the classifier does not fit these images of {tuple(x.shape[1:])} px; train it on them")
        maps = ((x - classifier.mean) / classifier.std).contiguous(memory_format=torch.channels_last)
        switches = []
        for module in self.modules:
            if isinstance(module, nn.MaxPool2d):
                maps, places = F.max_pool2d(
                    maps, module.kernel_size, module.stride, module.padding, return_indices=True
                )
                switches.append(places)
            else:
                maps = module(maps)
        return maps, switches


def chain_of(classifier: Classifier) -> Chain:
    """The frozen classifier's layers up to its flattening. Raises UserError if it is no chain that can be mirrored."""
    classifier.eval().requires_grad_(False)
    channels, size = classifier.channels, classifier.size
    modules: list[nn.Module] = []
    layers: list[Layer] = []
    for name, module in _leaves(classifier.network):
        if isinstance(module, nn.Flatten | nn.Linear):
            break
        modules.append(module)
        if isinstance(module, nn.Conv2d | nn.MaxPool2d):
            layers.append(_layer(name, module, channels, size))
            channels, size = layers[-1].outputs, layers[-1].reduced
        elif not isinstance(module, PASSED):
            raise UserError(f"its layer {name!r} ({type(module).__name__}) has no mirror; {ADVICE}")
    kinds = [layer.kind for layer in layers]
    if "pooling" not in kinds or kinds[0] != "convolution":
        raise UserError(f"has no max-pooling after a convolution, so there are no switches; {ADVICE}")
    return Chain(classifier, tuple(modules), tuple(layers))


def _leaves(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Paths and layers, in the order in which they run. Raises UserError if the network is no chain."""
    prefix = ""
    if not isinstance(network, nn.Sequential):
        prefix, network = "features.", getattr(network, "features", network)  # torchvision's name for the chain
    if not isinstance(network, nn.Sequential):
        raise UserError(f"is a network of branches, which has no mirror; {ADVICE}")
    for name, module in network.named_modules(remove_duplicate=False):  # one ReLU may serve often
        if not isinstance(module, nn.Sequential):
            yield prefix + name, module


def _layer(name: str, module: nn.Module, channels: int, size: int) -> Layer:
    """The description of a convolution or a pooling. Raises UserError if it is of an unusual kind."""
    values: Any = module
    shape = [_one(value) for value in (values.kernel_size, values.stride, values.padding)]
    usual = _one(values.dilation) == 1 and None not in shape
    if isinstance(module, nn.Conv2d):
        usual = usual and module.groups == 1 and module.padding_mode == "zeros"
    else:
        usual = usual and not values.ceil_mode
    if not usual:
        raise UserError(f"its layer {name!r} is dilated, grouped, not square or padded unusually; {ADVICE}")
    kind: Literal["convolution", "pooling"] = "convolution" if isinstance(module, nn.Conv2d) else "pooling"
    return Layer(kind, name, channels, getattr(module, "out_channels", channels), size, *shape)  # type: ignore[arg-type]


def _one(value: Any) -> int | None:
    """A number that holds for both axes, if one does."""
    first, *others = value if isinstance(value, tuple) else (value,)
    return first if isinstance(first, int) and all(other == first for other in others) else None


class Mirror(nn.Module):
    """Last maps (N, C, h, w) and switches -> maps (N, width, H, W) of the image's size; `readout` labels each pixel."""

    def __init__(self, layers: Sequence[Layer], classes: int, width: int, use_switches: bool) -> None:
        super().__init__()
        self.layers = tuple(layers)
        self.use_switches = use_switches
        self.deconvolutions = nn.ModuleList()
        for number, layer in reversed(list(enumerate(layers))):
            if layer.kind == "convolution":
                self.deconvolutions.append(_deconvolution(layer, layer.inputs if number else width))
        self.readout = nn.Linear(width, classes + 1)  # a 1x1 convolution; 0 is the background
        self.to(memory_format=torch.channels_last)

    def forward(self, maps: Tensor, switches: Sequence[Tensor]) -> Tensor:
        for _, stage in self.stages(maps, switches):
            maps = stage
        return maps

    def stages(self, maps: Tensor, switches: Sequence[Tensor]) -> Iterator[tuple[Layer, Tensor]]:
        """The maps that each layer's mirror makes, with that layer, from the classifier's end to its beginning."""
        deconvolutions, places = iter(self.deconvolutions), iter(reversed(switches))
        for layer in reversed(self.layers):
            if layer.kind == "convolution":
                maps = next(deconvolutions)(maps)
            else:
                known = next(places)
                maps = unpool(maps, known if self.use_switches else upper_left(layer, maps), layer.size)
            yield layer, maps

    def logits(self, maps: Tensor, pixels: Tensor) -> Tensor:
        """Of maps (N, width, H, W) at pixels (N, P), as row * W + column: (N, P, classes + 1)."""
        rows = maps.permute(0, 2, 3, 1).flatten(0, 2)  # (N * H * W, width)
        first = torch.arange(len(maps), device=maps.device)[:, None] * maps[0, 0].numel()
        return self.readout(rows.index_select(0, (first + pixels).flatten())).unflatten(0, pixels.shape)

    def labels(self, maps: Tensor) -> Tensor:
        """The label map (N, H, W): 0 for background, else 1 + the class."""
        return self.readout(maps.permute(0, 2, 3, 1)).argmax(3)


def _deconvolution(layer: Layer, outputs: int) -> nn.Sequential:
    """The mirror of a convolution: from its outputs to a map of the size that it took."""
    exact = (layer.reduced - 1) * layer.stride - 2 * layer.padding + layer.kernel
    shape = (layer.kernel, layer.stride, layer.padding, layer.size - exact)
    transposed = nn.ConvTranspose2d(layer.outputs, outputs, *shape, bias=False)
    return nn.Sequential(transposed, nn.BatchNorm2d(outputs), nn.ReLU())


def unpool(values: Tensor, places: Tensor, size: int) -> Tensor:
    """Put values (N, C, h, w) at their places, as row * size + column, in maps (N, C, size, size) of zeros.

    As `F.max_unpool2d`, and reproducible on a GPU too; where windows overlap, values at one place are added up.
    """
    maps = values.new_zeros(*values.shape[:2], size * size)
    maps = maps.scatter_add(2, places.flatten(2), values.flatten(2)).unflatten(2, (size, size))
    return maps.contiguous(memory_format=torch.channels_last)


def upper_left(layer: Layer, values: Tensor) -> Tensor:
    """The same place for every value (N, C, h, w) of a pooling: the first of its window."""
    first = (torch.arange(layer.reduced, device=values.device) * layer.stride - layer.padding).clamp_min(0)
    return (first[:, None] * layer.size + first).expand_as(values)


class Mirrors(nn.Module):
    """A mirror with switches, and its control without: as many parameters, and at first the same ones."""

    def __init__(self, layers: Sequence[Layer], classes: int, width: int) -> None:
        super().__init__()
        self.description: dict[str, Any] = {
            "layers": [asdict(layer) for layer in layers],
            "classes": classes,
            "width": width,
        }
        self.switches = Mirror(layers, classes, width, use_switches=True)
        self.fixed = copy.deepcopy(self.switches)
        self.fixed.use_switches = False

    def variants(self) -> dict[bool, Mirror]:
        """By whether they use the switches."""
        return {True: self.switches, False: self.fixed}
