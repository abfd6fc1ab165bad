"""Transformers and their files: with the classifier, all that the later steps need."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from invariscope.errors import UserError
from invariscope.files import replacing
from invariscope.transformer.networks import InvariantTransformer

KEY = "invariscope.transformer"  # the only metadata key: safetensors writes several in random order


def save_transformer(transformer: InvariantTransformer, path: Path) -> None:
    """Write weights and configuration, fill and interpolation included; equal transformers give equal bytes."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in transformer.state_dict().items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={KEY: json.dumps(transformer.description, sort_keys=True)})


def load_transformer(path: Path, device: torch.device) -> InvariantTransformer:
    """The transformer in a file, frozen. Raises UserError if it is none of ours."""
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; train_transformer writes it") from None
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: is not a whole safetensors file ({error}); delete it and run again") from None
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
