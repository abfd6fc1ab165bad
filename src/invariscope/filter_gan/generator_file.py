"""Generators and their files: with the classifier, all that the later steps need."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from invariscope.classifiers.model_file import Classifier, load_classifier
from invariscope.classifiers.surgery import find_convolution
from invariscope.errors import UserError, placed
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.networks import Generator
from invariscope.tensor_file import read_network, write_tensors

KEY = "invariscope.filter_gan"


def save_generator(generator: Generator, module: str, config: FilterGanConfig, path: Path) -> None:
    """Write weights, configuration, module path and shape of the bank; equal generators give equal bytes."""
    description = {"module": module, "bank_shape": generator.bank_shape, "config": asdict(config)}
    write_tensors(path, KEY, description, generator.state_dict())


def load_generator(path: Path, device: torch.device) -> tuple[Generator, str]:
    """The generator in a file, frozen, and the module path of its layer. Raises UserError if it is none of ours."""
    described: dict[str, Any] = {}

    def build(known: dict[str, Any]) -> Generator:
        described["module"], config = known["module"], known["config"]
        return Generator(config["latent_dimension"], config["generator_width"], known["bank_shape"])

    generator = read_network(path, KEY, "train_filter_gan", "filter-GAN generator", build)
    return generator.to(device), described["module"]


def load_with_classifier(path: Path, model: Path, device: torch.device) -> tuple[Generator, str, Classifier]:
    """A generator, the module path of its layer, and its classifier. Raises UserError if they do not fit."""
    generator, module = load_generator(path, device)
    classifier = load_classifier(model, device)
    with placed(path):
        real = tuple(find_convolution(classifier.network, module).weight.shape)
        if real != tuple(generator.bank_shape):
            shapes = f"{tuple(generator.bank_shape)}, and layer {module!r} of {model} {real}"
            raise UserError(f"makes filter banks of {shapes}; run train_filter_gan again")
    return generator, module, classifier
