"""Autoencoders and their files."""

from pathlib import Path

import torch

from invariscope.generative.networks import Autoencoder
from invariscope.tensor_file import read_network, write_tensors

KEY = "invariscope.autoencoder"


def save_autoencoder(autoencoder: Autoencoder, path: Path) -> None:
    """Write weights, latent box and what rebuilds the networks; equal autoencoders give equal bytes."""
    write_tensors(path, KEY, autoencoder.description, autoencoder.state_dict())


def load_autoencoder(path: Path, device: torch.device) -> Autoencoder:
    """The autoencoder in a file, frozen and in eval mode. Raises UserError if it is none of ours."""
    return read_network(path, KEY, "train_autoencoder", "autoencoder", lambda known: Autoencoder(**known)).to(device)
