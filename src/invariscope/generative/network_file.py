"""Generative networks and their files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from invariscope.errors import UserError
from invariscope.generative.dcgan import Generator
from invariscope.generative.networks import Autoencoder, Coder
from invariscope.generative.sparse import TwoLayer
from invariscope.generative.variational import Variational
from invariscope.tensor_file import read_network, write_tensors

KEY = "invariscope.generative"
NETWORKS = {"autoencoder": Autoencoder, "variational": Variational, "two_layer": TwoLayer, "dcgan": Generator}
AUTOENCODER, GENERATIVE = "train_autoencoder", "train_autoencoder or train_dcgan"


def save_network(network: Coder | Generator, path: Path) -> None:
    """Write weights, and what rebuilds the network; equal networks give equal bytes."""
    write_tensors(path, KEY, network.description, network.state_dict())


def load_network(path: Path, device: torch.device, writer: str = GENERATIVE) -> Coder | Generator:
    """The generative network in a file, frozen and in eval mode. Raises UserError if it is none of ours."""
    return read_network(path, KEY, writer, "generative network", build_network).to(device)


def load_autoencoder(path: Path, device: torch.device) -> Coder:
    """A network with an encoder. Raises UserError for any other."""
    return with_encoder(load_network(path, device, AUTOENCODER), path)


def with_encoder(network: Coder | Generator, path: Path) -> Coder:
    """The network of a file, if it has an encoder. Raises UserError."""
    if not isinstance(network, Coder):
        raise UserError(f"{path}: holds a generator without an encoder; {AUTOENCODER} writes one with")
    return network


def build_network(description: Mapping[str, Any]) -> Coder | Generator:
    """Raises KeyError or TypeError for what describes none of our networks."""
    return NETWORKS[description["network"]](**description)
