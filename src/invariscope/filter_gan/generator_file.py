"""Generators and their files: with the classifier, all that the later steps need."""

import json
from dataclasses import asdict
from pathlib import Path

import torch

from invariscope.classifiers.model_file import Classifier, load_classifier
from invariscope.classifiers.surgery import find_convolution
from invariscope.errors import UserError, placed
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.networks import Generator
from invariscope.tensor_file import read_tensors, write_tensors

KEY = "invariscope.filter_gan"


def save_generator(generator: Generator, module: str, config: FilterGanConfig, path: Path) -> None:
    """Write weights, configuration, module path and shape of the bank; equal generators give equal bytes."""
    description = {"module": module, "bank_shape": generator.bank_shape, "config": asdict(config)}
    write_tensors(path, KEY, description, generator.state_dict())


def load_generator(path: Path, device: torch.device) -> tuple[Generator, str]:
    """The generator in a file, frozen, and the module path of its layer. Raises UserError if it is none of ours."""
    text, tensors = read_tensors(path, KEY, "train_filter_gan")
    if text is None:
        raise UserError(f"{path}: holds no filter-GAN generator; train_filter_gan writes one")
    try:
        description = json.loads(text)
        config, module = description["config"], description["module"]
        generator = Generator(config["latent_dimension"], config["generator_width"], description["bank_shape"])
        generator.load_state_dict(tensors)
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: its description is damaged; delete it and run again") from None
    except RuntimeError:
        raise UserError(f"{path}: its weights do not fit its description; delete it and run again") from None
    return generator.to(device).eval().requires_grad_(False), module


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
