"""Transformers and their files: with the classifier, all that the later steps need."""

from pathlib import Path

import torch

from invariscope.tensor_file import read_network, write_tensors
from invariscope.transformer.networks import InvariantTransformer

KEY = "invariscope.transformer"


def save_transformer(transformer: InvariantTransformer, path: Path) -> None:
    """Write weights and configuration, fill and interpolation included; equal transformers give equal bytes."""
    write_tensors(path, KEY, transformer.description, transformer.state_dict())


def load_transformer(path: Path, device: torch.device) -> InvariantTransformer:
    """The transformer in a file, frozen. Raises UserError if it is none of ours."""
    made = read_network(
        path, KEY, "train_transformer", "invariant transformer", lambda known: InvariantTransformer(**known)
    )
    return made.to(device)
