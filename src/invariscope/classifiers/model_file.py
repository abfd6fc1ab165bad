"""Classifiers and their files: one safetensors file holds all that is needed to rebuild a classifier."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from invariscope.classifiers.architectures import empty_network, is_own
from invariscope.classifiers.dry_run import fastest_layout
from invariscope.errors import UserError, placed
from invariscope.params import PARAMS, load_yaml
from invariscope.tensor_file import read_tensors, write_tensors

KEY = "invariscope.classifier"


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel, of pixels in [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Description:
    """What rebuilds a classifier, but for its weights."""

    config: dict[str, Any]
    channels: int
    size: int
    class_names: tuple[str, ...]
    normalisation: Normalisation


class Classifier(nn.Module):
    """A network with its normalisation and its classes: images (N, C, H, W) in [0, 1] -> logits (N, classes).

    `network` is the bare architecture; paths of layers (`conv4`, `features.8`) are relative to it.
    """

    mean: Tensor  # (C, 1, 1)
    std: Tensor  # (C, 1, 1)

    def __init__(
        self,
        network: nn.Module,
        config: Mapping[str, Any],
        channels: int,
        size: int,
        class_names: Sequence[str],
        normalisation: Normalisation,
    ) -> None:
        super().__init__()
        self.network = network
        self.layout = fastest_layout(network, channels, size)
        self.config = dict(config)
        self.channels = channels
        self.size = size
        self.class_names = tuple(class_names)
        self.normalisation = normalisation
        device = next(network.parameters()).device
        self.register_buffer("mean", torch.tensor(normalisation.mean, device=device)[:, None, None], persistent=False)
        self.register_buffer("std", torch.tensor(normalisation.std, device=device)[:, None, None], persistent=False)

    def to(self, *arguments: Any, **options: Any) -> "Classifier":
        """As of any module, but for a memory format that the network does not run in: that is left out."""
        if self.layout == torch.contiguous_format:
            options.pop("memory_format", None)
        return super().to(*arguments, **options)

    def forward(self, x: Tensor) -> Tensor:
        """Raises UserError for images of another shape than those it was trained on."""
        x = _of_shape(x, (self.channels, self.size, self.size), self.layout)
        return self.network((x - self.mean) / self.std)


@fx.wrap  # torch.fx takes it whole: it cannot follow a condition, and a network is cut at a layer along what fx follows
def _of_shape(x: Tensor, expected: tuple[int, ...], layout: torch.memory_format) -> Tensor:
    """x, if its images have the shape (C, H, W), in a layout that the network runs in."""
    if x.shape[1:] != expected:
        shapes = f"{tuple(x.shape[1:])} px (channels, height, width), not {expected}"
        raise UserError(f"the classifier does not fit these images of {shapes}; train it on them")
    return x.contiguous() if layout == torch.contiguous_format else x


def save_classifier(classifier: Classifier, path: Path) -> None:
    """Write the weights and what rebuilds the network; equal classifiers give equal bytes."""
    description = {
        "config": classifier.config,
        "channels": classifier.channels,
        "size": classifier.size,
        "class_names": classifier.class_names,
        "mean": classifier.normalisation.mean,
        "std": classifier.normalisation.std,
    }
    write_tensors(path, KEY, description, classifier.network.state_dict())


def load_classifier(path: Path, device: torch.device, trusted: str | None = None) -> Classifier:
    """The classifier in a file, frozen and in eval mode. Nothing in the file is executed.

    A network of the user's own is built by the function that the file names, `package.module:function`. So that a file
    does not choose what is run, this is called only if params.yaml of the working directory names it as an
    architecture, or `trusted` does.

    Raises UserError if the file is missing, damaged, no classifier of ours, or does not fit its architecture.
    """
    description, tensors = read_model(path)
    if description is None:
        raise UserError(f"{path}: holds weights but no description of a classifier; train_classifier writes both")
    config, channels, size = description.config, description.channels, description.size
    with placed(path):
        if is_own(config["architecture"]) and config["architecture"] != trusted:
            require_named(config["architecture"])
        network = empty_network(config, channels, size, len(description.class_names))
        load_tensors(network, tensors)
    network = network.to(device)
    classifier = Classifier(network, config, channels, size, description.class_names, description.normalisation)
    return classifier.eval().requires_grad_(False)


def require_classes(classifier: Classifier, class_names: Sequence[str], model: Path, data: Path) -> None:
    """Raises UserError if the classifier in file `model` tells other classes apart than those of `data`."""
    if tuple(class_names) != classifier.class_names:
        raise UserError(f"{model}: has other classes than {data}; run train_classifier again")


def require_named(function: str) -> None:
    """Raises UserError unless params.yaml of the working directory names a function as an architecture."""
    params = load_yaml(PARAMS) if PARAMS.is_file() else None
    studies = _mappings(params)
    blocks = [block for study in studies for block in _mappings(study.get("classifiers"))]
    if not any(block.get("architecture") == function for block in blocks):
        raise UserError(
            f"is built by {function}, which is not run because {PARAMS} does not name it; if you trust it, give "
            f"load_classifier(..., trusted={function!r})"
        )


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    """The values of a mapping that are mappings themselves; none of anything else."""
    return [value for value in values.values() if isinstance(value, Mapping)] if isinstance(values, Mapping) else []


def read_model(path: Path) -> tuple[Description | None, dict[str, Tensor]]:
    """Our description, if there is one, and the tensors of a safetensors file. Raises UserError."""
    text, tensors = read_tensors(path, KEY, "train_classifier")
    return None if text is None else _parse(text, path), tensors


def _parse(text: str, path: Path) -> Description:
    try:
        content = json.loads(text)
        normalisation = Normalisation(tuple(content["mean"]), tuple(content["std"]))
        names, config = tuple(content["class_names"]), dict(content["config"])
        config["architecture"] = str(config["architecture"])
        return Description(config, content["channels"], content["size"], names, normalisation)
    except KeyError as error:
        reason = f"lacks {error}"
    except (TypeError, ValueError) as error:
        reason = f"cannot be read: {error}"
    raise UserError(f"{path}: its description {reason}; run train_classifier again")


def load_tensors(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy tensors into a network, all of them, in place. Raises UserError naming the first that does not fit."""
    expected = network.state_dict()
    for verb, names in (("lacks", set(expected) - set(tensors)), ("has an unknown", set(tensors) - set(expected))):
        if names:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise UserError(f"{verb} tensor {min(names)!r}{more}; it is of another architecture")
    for name, tensor in expected.items():
        if tensor.shape != tensors[name].shape:
            shapes = f"{tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
            raise UserError(f"tensor {name!r} is {shapes}; it is of another architecture")
    with torch.no_grad():
        for name, tensor in expected.items():  # not load_state_dict: some layers want a version that files do not keep
            tensor.copy_(tensors[name])
