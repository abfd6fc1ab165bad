"""Any classification network of torchvision, by its name, as it is there.

`arguments` go to torchvision's builder. Inception and GoogLeNet come without their auxiliary read-outs, which give
tuples in train mode; with published weights their normalisation is that which torchvision does inside the network.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor, nn
from torchvision import models

from invariscope.classifiers.architectures import ARCHITECTURES
from invariscope.classifiers.dry_run import require_logits
from invariscope.classifiers.model_file import Normalisation
from invariscope.classifiers.published import Published
from invariscope.classifiers.published import published_weights as published_by_name
from invariscope.errors import UserError, placed, told
from invariscope.params import build as build_config

CHANNELS = 3
RESERVED = {"num_classes": "it is the number of classes of the data", "weights": "name them in the key `weights`"}
AUXILIARY = {"inception_v3": ("AuxLogits.",), "googlenet": ("aux1.", "aux2.")}  # prefixes of the second read-outs
TRANSFORMED = Normalisation((0.5,) * CHANNELS, (0.5,) * CHANNELS)  # of `transform_input`, for pixels in [0, 1]
# densenet121 and its kin were published when their layers were called norm.1 rather than norm1.
OLD_DENSE_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


@dataclass(frozen=True)
class TorchvisionModel:
    architecture: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of torchvision's builder, besides num_classes


def build(config: Mapping[str, Any], channels: int, size: int, classes: int) -> nn.Module:
    """Raises UserError for a name that torchvision lacks, grey images, arguments or a size that it does not take."""
    name = config["architecture"]
    require_known(name)
    settings = build_config(TorchvisionModel, config)
    if channels != CHANNELS:
        raise UserError(
            f"architecture: {name} takes colour images (3 channels), not {channels}; set data.channels: 3, or use one "
            f"of {', '.join(ARCHITECTURES)}"
        )
    for argument, reason in RESERVED.items():
        if argument in settings.arguments:
            raise UserError(f"arguments: {argument}: is not for the builder; {reason}")
    defaults: dict[str, Any] = {"aux_logits": False, "init_weights": True} if name in AUXILIARY else {}
    try:
        network = models.get_model(name, num_classes=classes, **defaults | dict(settings.arguments))
    except Exception as error:  # whatever arguments provoke
        raise UserError(f"arguments: {name} cannot be built with {dict(settings.arguments)}: {told(error)}") from None
    with placed(f"architecture: {name}"):
        require_logits(network, channels, size, classes)
    return network


def require_known(name: str) -> None:
    names = models.list_models(module=models)
    if name not in names:
        near = difflib.get_close_matches(name, [*ARCHITECTURES, *names], n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else "see the documentation of torchvision.models"
        own = f"ours are {', '.join(ARCHITECTURES)}, your own are package.module:function"
        raise UserError(f"architecture: {name!r} is not known; {advice}; {own}")


def published_weights(config: Mapping[str, Any]) -> dict[str, Published]:
    """Name -> what torchvision publishes for this network."""
    found = published_by_name(config)
    if config["architecture"] in AUXILIARY and "transform_input" not in config.get("arguments", {}):
        return {name: replace(entry, normalisation=TRANSFORMED) for name, entry in found.items()}
    return found


def convert(config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of torchvision's with the names of today, and without the read-outs that are not built."""
    spare = AUXILIARY.get(config["architecture"], ())
    if config.get("arguments", {}).get("aux_logits"):
        spare = ()
    return {OLD_DENSE_NAME.sub(r"\1\2", name): tensor for name, tensor in tensors.items() if not name.startswith(spare)}
