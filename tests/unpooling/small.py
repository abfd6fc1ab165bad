"""Classifiers of our architectures, small and with random weights."""

from collections.abc import Sequence
from typing import Any

from invariscope.classifiers.architectures import build_network
from invariscope.classifiers.model_file import Classifier, Normalisation

SIZE = 24
FIVE_CONV = {"architecture": "five_conv_dense", "widths": [4, 6, 6, 8, 8], "pool_after": [1, 2, 4], "dense_width": 8}
ALEXNET = {"architecture": "alexnet", "stem": "small", "width": 0.05, "dense_width": 8}
RESNET = {"architecture": "resnet18", "stem": "small", "width": 0.1}


def chain_classifier(
    names: Sequence[str], config: dict[str, Any] = FIVE_CONV, channels: int = 3, size: int = SIZE
) -> Classifier:
    network = build_network(config, channels, size, len(names))
    normalisation = Normalisation((0.1,) * channels, (0.3,) * channels)
    classifier = Classifier(network, config, channels, size, names, normalisation)
    return classifier.eval().requires_grad_(False)
