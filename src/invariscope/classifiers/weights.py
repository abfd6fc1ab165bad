"""Weights to start from: a file, or weights that torchvision publishes, by name. Nothing in a file is executed."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from invariscope.classifiers.architectures import architecture_of
from invariscope.classifiers.model_file import Normalisation, load_tensors, read_model
from invariscope.errors import UserError, placed

SUFFIXES = (".safetensors", ".pt", ".pth")


@dataclass(frozen=True)
class Weights:
    path: Path
    tensors: Mapping[str, Tensor]
    normalisation: Normalisation | None = None  # None: the file does not say
    class_names: tuple[str, ...] | None = None  # likewise
    crop: int | None = None  # px: size of the images that they were trained on; likewise


def read_weights(config: Mapping[str, Any], name: str) -> Weights:
    """The weights called `name`: a .safetensors, .pt or .pth file, or torchvision's name, such as IMAGENET1K_V1.

    Raises UserError if they cannot be had, saying what is missing and where to put it.
    """
    module = architecture_of(config)
    if Path(name).suffix in SUFFIXES:
        weights = read_file(Path(name))
    else:
        published = module.published_weights(config) if hasattr(module, "published_weights") else {}
        if name not in published:
            also = f" or one of torchvision's: {', '.join(published)}" if published else ""
            raise UserError(
                f"weights: {name!r} is not known for {config['architecture']}; name a {_suffixes()} file{also}"
            )
        entry = published[name]
        weights = replace(read_file(fetch(entry.address, name)), normalisation=entry.normalisation, crop=entry.crop)
    return replace(weights, tensors=module.convert(config, weights.tensors)) if hasattr(module, "convert") else weights


def read_file(path: Path) -> Weights:
    """Weights in a file. Raises UserError if it is missing, damaged, or more than tensors."""
    if not path.is_file():
        raise UserError(f"weights: {path}: no such file; put the state dict there, as {_suffixes()}")
    if path.suffix == ".safetensors":
        description, tensors = read_model(path)
        if description is None:
            return Weights(path, tensors)
        return Weights(path, tensors, description.normalisation, description.class_names)
    try:
        with warnings.catch_warnings(action="ignore"):  # about pickles that are refused the next moment
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged or hostile pickle provokes
        reason = f"{type(error).__name__}: {str(error).splitlines()[0]}" if str(error) else type(error).__name__
        raise UserError(
            f"weights: {path}: is no file of plain tensors, so nothing in it was run ({reason[:160]}); "
            "save the network's state_dict()"
        ) from None
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not (isinstance(content, Mapping) and all(isinstance(value, Tensor) for value in content.values())):
        raise UserError(f"weights: {path}: is not a state dict (names and tensors); save the network's state_dict()")
    return Weights(path, content)


def fetch(address: str, name: str) -> Path:
    """torchvision's file, from torch's own folder or from the network. Raises UserError if neither has it."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / address.rsplit("/", 1)[1]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        check = path.stem.rsplit("-", 1)[1]  # the file names end in the first digits of their SHA-256
        try:
            torch.hub.download_url_to_file(address, str(path), hash_prefix=check, progress=False)
        except (OSError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"weights: {name} could not be fetched ({reason}); put {address} at {path}") from None
    return path


def take(network: nn.Module, weights: Weights, class_names: Sequence[str], trained_further: bool) -> None:
    """Put weights into a network. A read-out of other classes is left new if it is going to be trained.

    Raises UserError if they do not fit.
    """
    own = network.state_dict()
    counters = {name: tensor for name, tensor in own.items() if name.endswith("num_batches_tracked")}
    tensors = counters | dict(weights.tensors)  # networks saved before torch 0.4.1 lack them
    others = [name for name in own if _other_classes(own[name], tensors.get(name), len(class_names))]
    if others and trained_further:
        tensors |= {name: own[name] for name in others}
    elif others:
        outputs = f"{len(tensors[others[-1]])} classes, the data have {len(class_names)}"
        raise UserError(
            f"weights: {weights.path}: tell {outputs}; say which is which with data.classes, or add `training` to "
            "train a new read-out"
        )
    elif not trained_further and (weights.class_names or tuple(class_names)) != tuple(class_names):
        raise UserError(f"weights: {weights.path}: tell other classes than the data's; add `training` to train them on")
    with placed(f"weights: {weights.path}"):
        load_tensors(network, tensors)


def _other_classes(own: Tensor, given: Tensor | None, classes: int) -> bool:
    """Whether a tensor of the read-out was made for another number of classes: it differs in its rows alone."""
    return (
        given is not None
        and own.ndim > 0 < given.ndim
        and own.shape[1:] == given.shape[1:]
        and len(own) == classes != len(given)
    )


def _suffixes() -> str:
    return ", ".join(SUFFIXES)
