"""Classifiers before training, as a block of params.yaml describes them."""

import sys
from collections.abc import Mapping
from typing import Any

import torch

from invariscope.classifiers.architectures import ARCHITECTURES, build_network, is_own
from invariscope.classifiers.dry_run import require_training
from invariscope.classifiers.model_file import Classifier, Normalisation
from invariscope.classifiers.weights import Weights, read_weights, take
from invariscope.data.table import Images
from invariscope.errors import UserError, placed
from invariscope.runtime import seeded

NOT_ARCHITECTURE = ("training", "weights", "normalisation")


def new_classifier(block: Mapping[str, Any], images: Images, seed: int, device: torch.device) -> Classifier:
    """A classifier for images of this kind: seeded weights, or those that the block names.

    The user's own function may give a network with its weights in it: they are taken as they are.

    Raises UserError if the architecture does not fit the images, or the weights do not fit the architecture.
    """
    config = {name: value for name, value in block.items() if name not in NOT_ARCHITECTURE}
    channels, size = images.pixels.shape[1:3]
    classes = len(images.class_names)
    with seeded(device, seed, "initial weights"):
        network = build_network(config, channels, size, classes)
        if "training" in block and config["architecture"] not in ARCHITECTURES:
            with placed(f"architecture: {config['architecture']}"):
                require_training(network, channels, size, classes)
    weights = read_weights(config, block["weights"]) if "weights" in block else None
    if weights:
        take(network, weights, images.class_names, trained_further="training" in block)
        if weights.crop not in (None, size):
            print(f"{block['weights']}: trained on {weights.crop} px, and the data have {size} px", file=sys.stderr)
    elif "training" not in block and not is_own(config["architecture"]):
        raise UserError("names neither `training` nor `weights`; add one of them")
    normalisation = normalisation_of(block, weights, images)
    require_channels(normalisation, channels)
    return Classifier(network.to(device), config, channels, size, images.class_names, normalisation)


def normalisation_of(block: Mapping[str, Any], weights: Weights | None, images: Images) -> Normalisation:
    """What the block says, else what the weights were trained with, else the statistics of the training pixels.

    Raises UserError if weights do not say what they were trained with.
    """
    if "normalisation" in block:
        return Normalisation(tuple(block["normalisation"]["mean"]), tuple(block["normalisation"]["std"]))
    if weights is None and "training" in block:
        return pixel_statistics(images)
    if weights is None or weights.normalisation is None:
        whose = f"weights: {weights.path}" if weights else f"architecture: {block['architecture']}"
        raise UserError(
            f"{whose}: does not say how its images were normalised; add normalisation: {{mean: [...], std: [...]}}, a "
            "value a channel, for pixels in [0, 1] (mean 0 and std 1: not at all)"
        )
    return weights.normalisation


def require_channels(normalisation: Normalisation, channels: int) -> None:
    """Raises UserError if a channel lacks its value."""
    for name, values in (("mean", normalisation.mean), ("std", normalisation.std)):
        if len(values) != channels:
            raise UserError(f"normalisation: {name}: has {len(values)} values, and the images {channels} channels")


def pixel_statistics(images: Images) -> Normalisation:
    """Mean and standard deviation of each channel, from exact counts of the 256 values."""
    pixels = torch.from_numpy(images.pixels)  # (N, C, H, W) uint8
    values = torch.arange(256, dtype=torch.float64) / 255
    means, deviations = [], []
    for channel in range(pixels.shape[1]):
        share = torch.bincount(pixels[:, channel].flatten(), minlength=256).double() / pixels[:, channel].numel()
        mean = (share * values).sum()
        deviation = (share * (values - mean) ** 2).sum().sqrt().item()
        means.append(mean.item())
        deviations.append(deviation or 1.0)  # a constant channel
    return Normalisation(tuple(means), tuple(deviations))
