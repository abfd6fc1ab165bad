"""Classifiers of one study, most of them trained independently, that are shown the images made for one of them."""

from collections.abc import Sequence
from pathlib import Path

import torch

from invariscope.classifiers.model_file import Classifier, load_classifier, require_classes


def load_judges(
    names: Sequence[str], paths: Sequence[Path], classifier: Classifier, model: Path, device: torch.device
) -> dict[str, Classifier]:
    """The judges by name. Raises UserError if one tells other classes apart than `classifier`, of file `model`."""
    judges = {name: load_classifier(path, device) for name, path in zip(names, paths, strict=True)}
    for judge, path in zip(judges.values(), paths, strict=True):
        require_classes(judge, classifier.class_names, path, model)
    return judges
