"""Networks in files: tensors, and a description of what they are of, in one safetensors file."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from invariscope.errors import UserError
from invariscope.files import replacing

Network = TypeVar("Network", bound=nn.Module)


def write_tensors(path: Path, key: str, description: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Write tensors, and their description under `key` of the metadata; equal content is equal bytes.

    That is the only key, because safetensors writes several in random order.
    """
    # Copied, because safetensors refuses tensors that share memory, as tied weights do.
    copies = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(copies, temporary, metadata={key: json.dumps(description, sort_keys=True)})


def read_tensors(path: Path, key: str, writer: str) -> tuple[str | None, dict[str, Tensor]]:
    """The description under `key`, as JSON text, if there is one, and the tensors. Nothing in the file is executed.

    Raises UserError, naming the step that is its `writer`, if the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(key)
            return text, {name: file.get_tensor(name) for name in sorted(file.keys())}
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {writer} writes it") from None
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path}: is not a whole safetensors file ({error}); delete it and run {writer} again"
        ) from None


def read_network(path: Path, key: str, writer: str, what: str, build: Callable[[Any], Network]) -> Network:
    """The network in a file, from `build` of its description, frozen and in eval mode.

    Raises UserError if the file holds none with this key (no `what`), or is damaged.
    """
    text, tensors = read_tensors(path, key, writer)
    if text is None:
        raise UserError(f"{path}: holds no {what}; {writer} writes one")
    try:
        network = build(json.loads(text))
        network.load_state_dict(tensors)
    except (ValueError, KeyError, TypeError, UserError):
        raise UserError(f"{path}: its description is damaged; delete it and run again") from None
    except RuntimeError:
        raise UserError(f"{path}: its weights do not fit its description; delete it and run again") from None
    return network.eval().requires_grad_(False)
