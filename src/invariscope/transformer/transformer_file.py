"""Transformers and their files: with the classifier, all that the later steps need."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from invariscope.errors import UserError
from invariscope.tensor_file import read_tensors, write_tensors
from invariscope.transformer.networks import InvariantTransformer

KEY = "invariscope.transformer"


def save_transformer(transformer: InvariantTransformer, path: Path) -> None:
    """Write weights and configuration, fill and interpolation included; equal transformers give equal bytes."""
    write_tensors(path, KEY, transformer.description, transformer.state_dict())


def load_transformer(path: Path, device: torch.device) -> InvariantTransformer:
    """The transformer in a file, frozen. Raises UserError if it is none of ours."""
    text, tensors = read_tensors(path, KEY, "train_transformer")
    if text is None:
        raise UserError(f"{path}: holds no invariant transformer; train_transformer writes one")
    try:
        description: Mapping[str, Any] = json.loads(text)
        transformer = InvariantTransformer(**description)
        transformer.load_state_dict(tensors)
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: its description is damaged; delete it and run again") from None
    except RuntimeError:
        raise UserError(f"{path}: its weights do not fit its description; delete it and run again") from None
    return transformer.to(device).eval().requires_grad_(False)
