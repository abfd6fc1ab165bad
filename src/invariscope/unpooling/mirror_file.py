"""Mirrors and their files."""

from pathlib import Path
from typing import Any

import torch

from invariscope.tensor_file import read_network, write_tensors
from invariscope.unpooling.mirror import Layer, Mirrors

KEY = "invariscope.unpooling"


def save_mirrors(mirrors: Mirrors, path: Path) -> None:
    """Write the weights of both, with switches and without, and what rebuilds them; equal mirrors give equal bytes."""
    write_tensors(path, KEY, mirrors.description, mirrors.state_dict())


def load_mirrors(path: Path, device: torch.device) -> Mirrors:
    """The mirrors in a file, frozen and in eval mode. Raises UserError if it holds none of ours."""
    return read_network(path, KEY, "train_unpooling", "mirrors of a classifier", _build).to(device)


def _build(known: dict[str, Any]) -> Mirrors:
    return Mirrors([Layer(**layer) for layer in known["layers"]], known["classes"], known["width"])
