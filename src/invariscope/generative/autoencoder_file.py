"""Autoencoders and their files."""

import json
from pathlib import Path

import torch

from invariscope.errors import UserError
from invariscope.generative.networks import Autoencoder
from invariscope.tensor_file import read_tensors, write_tensors

KEY = "invariscope.autoencoder"


def save_autoencoder(autoencoder: Autoencoder, path: Path) -> None:
    """Write weights, latent box and what rebuilds the networks; equal autoencoders give equal bytes."""
    write_tensors(path, KEY, autoencoder.description, autoencoder.state_dict())


def load_autoencoder(path: Path, device: torch.device) -> Autoencoder:
    """The autoencoder in a file, frozen and in eval mode. Raises UserError if it is none of ours."""
    text, tensors = read_tensors(path, KEY, "train_autoencoder")
    if text is None:
        raise UserError(f"{path}: holds no autoencoder; train_autoencoder writes one")
    try:
        autoencoder = Autoencoder(**json.loads(text))
        autoencoder.load_state_dict(tensors)
    except (ValueError, KeyError, TypeError, UserError):
        raise UserError(f"{path}: its description is damaged; delete it and run again") from None
    except RuntimeError:
        raise UserError(f"{path}: its weights do not fit its description; delete it and run again") from None
    return autoencoder.to(device).eval().requires_grad_(False)
