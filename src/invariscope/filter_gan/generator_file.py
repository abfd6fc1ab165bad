"""Generators and their files: with the classifier, all that the later steps need."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from invariscope.errors import UserError
from invariscope.files import replacing
from invariscope.filter_gan.config import FilterGanConfig
from invariscope.filter_gan.networks import Generator

KEY = "invariscope.filter_gan"  # the only metadata key: safetensors writes several in random order


def save_generator(generator: Generator, module: str, config: FilterGanConfig, path: Path) -> None:
    """Write weights, configuration, module path and shape of the bank; equal generators give equal bytes."""
    description = {"module": module, "bank_shape": generator.bank_shape, "config": asdict(config)}
    tensors = {name: tensor.cpu().contiguous() for name, tensor in generator.state_dict().items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={KEY: json.dumps(description, sort_keys=True)})


def load_generator(path: Path, device: torch.device) -> tuple[Generator, str]:
    """The generator in a file, frozen, and the module path of its layer. Raises UserError if it is none of ours."""
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; train_filter_gan writes it") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: is not a whole safetensors file ({error}); delete it and run again") from None
    if text is None:
        raise UserError(f"{path}: holds no filter-GAN generator; train_filter_gan writes one")
    description = json.loads(text)
    config = description["config"]
    generator = Generator(config["latent_dimension"], config["generator_width"], description["bank_shape"])
    try:
        generator.load_state_dict(tensors)
    except RuntimeError:
        raise UserError(f"{path}: its weights do not fit its description; delete it and run again") from None
    return generator.to(device).eval().requires_grad_(False), description["module"]
